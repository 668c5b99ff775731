import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { asError } from '../as-error';
import { algorithmOf } from './token-algorithms';

/** Name of the private key of the development issuer in `DATA_DIR`. */
export const DEVELOPMENT_KEY_FILE = 'development-issuer.pem';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The key file is there and cannot be used; one clear line for the operator, then the process ends. */
export class DevelopmentKeyUnusable extends Error {
  override readonly name = 'DevelopmentKeyUnusable';
  readonly code = 'DEVELOPMENT_KEY_UNUSABLE';
}

/**
 * The key pair of the development issuer, made once and kept, so that tokens outlive a restart. Only its owner may read the file.
 *
 * @throws DevelopmentKeyUnusable
 */
export function developmentKeys(directory: string): KeyPair {
  const path = join(directory, DEVELOPMENT_KEY_FILE);
  try {
    const privateKey = createPrivateKey(readOrMake(path));
    const publicKey = createPublicKey(privateKey);
    if (algorithmOf(publicKey) !== 'ES256') throw new Error('it is no key for ES256');
    return { privateKey, publicKey };
  } catch (error) {
    throw new DevelopmentKeyUnusable(`${path} cannot be used: ${asError(error).message}`, { cause: error });
  }
}

function readOrMake(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // It gets its name when it is whole: a crash leaves no half of a key, and of two processes one wins.
  const draft = `${path}.${randomUUID()}`;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    rmSync(draft);
  }
  return readFileSync(path, 'utf8');
}

function isCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
