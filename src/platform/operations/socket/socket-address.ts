import { closeSync, openSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';

export const SOCKET_NAME = 'operator.sock';

/** The operating system takes no longer path for a socket: 108 bytes on Linux, 104 elsewhere, the last of them 0. */
const PATH_BYTES_MAX = platform() === 'linux' ? 107 : 103;

/** A path to the operator socket that the operating system takes. */
export interface SocketAddress {
  readonly path: string;
  /** Call it when the path is not used any more. */
  readonly release: () => void;
}

/**
 * The address of the operator socket in a directory. Where its path is too long, Linux knows a short one through an open directory.
 * @returns undefined where there is none
 */
export function socketAddress(directory: string): SocketAddress | undefined {
  const path = join(directory, SOCKET_NAME);
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return { path, release: () => undefined };
  if (platform() !== 'linux') return undefined;
  const opened = openSync(directory, 'r');
  return { path: `/proc/self/fd/${opened}/${SOCKET_NAME}`, release: () => closeSync(opened) };
}
