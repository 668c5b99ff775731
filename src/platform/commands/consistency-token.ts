import type { EventPosition } from './decision';

/** What a read has to have seen: the events up to a place, or whatever a command brings about. */
export type ConsistencyToken =
  | { readonly kind: 'position'; readonly position: EventPosition }
  | { readonly kind: 'command'; readonly commandId: string };

const TOKEN = /^(?:p\.([a-z][a-z0-9-]{0,63})\.(\d{1,6})\.(\d{1,16})|c\.([0-9a-f-]{36}))$/;

/** Opaque to clients. */
export function encodeToken(token: ConsistencyToken): string {
  const text =
    token.kind === 'command'
      ? `c.${token.commandId}`
      : `p.${token.position.module}.${token.position.partition}.${token.position.sequence}`;
  return Buffer.from(text).toString('base64url');
}

/** `undefined` when it is none of ours. */
export function decodeToken(header: string): ConsistencyToken | undefined {
  const match = TOKEN.exec(Buffer.from(header, 'base64url').toString('latin1'));
  if (match === null) return undefined;
  const [, module, partition, sequence, commandId] = match;
  if (commandId !== undefined) return { kind: 'command', commandId };
  return {
    kind: 'position',
    position: { module: module ?? '', partition: Number(partition), sequence: Number(sequence) },
  };
}
