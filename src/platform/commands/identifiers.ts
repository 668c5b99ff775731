import { hash } from 'node:crypto';

/** Namespace of every id that the platform derives; never change it. */
const NAMESPACE = Buffer.from('6f1d0a9e5c3b4f7d8e2a1b0c9d8e7f60', 'hex');

/**
 * Name-based UUID: the same name gives the same id, everywhere and always.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-5
 */
export function uuidV5(name: string): string {
  const bytes = hash('sha1', Buffer.concat([NAMESPACE, Buffer.from(name)]), 'buffer');
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Where an idempotency key is one and the same (DESIGN.md §4). */
export interface IdempotencyScope {
  readonly identity: string;
  readonly method: string;
  /** Template of the route, such as `/values/:id`. */
  readonly route: string;
  /** Id in the path; else the one in the body; else the caller. */
  readonly target: string;
}

/** The command id that a key stands for in its scope. */
export function commandIdOf(scope: IdempotencyScope, key: string): string {
  return uuidV5(JSON.stringify([scope.identity, scope.method, scope.route, scope.target, key]));
}

/** JSON with the members of every object in one order, so that equal bodies have equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
