// The types of Node do not know that OpenSSL's SIV takes associated data and gives a tag as GCM does.
import type { CipherGCM, CipherKey, DecipherGCM } from 'node:crypto';

declare module 'node:crypto' {
  function createCipheriv(algorithm: 'aes-128-siv' | 'aes-256-siv', key: CipherKey, iv: null): CipherGCM;
  function createDecipheriv(algorithm: 'aes-256-siv', key: CipherKey, iv: null): DecipherGCM;
}
