import { isUtf8 } from 'node:buffer';
import { HttpProblem, invalid } from './http-problem';

/** Objects and arrays may be nested so deep. */
const DEPTH_MAX = 32;

/** `application/json`, alone or with a charset of UTF-8; other parameters are ignored, as RFC 8259 knows none. */
const acceptedCharset = /;\s*charset\s*=\s*"?utf-?8"?\s*(;|$)/i;

/**
 * Reads a request body as JSON. `null` members are dropped (absent and null are one), `null` items of lists stay for
 * validation to refuse, and a body of `null`, or of nothing, is no body.
 *
 * @throws HttpProblem `VALIDATION_FAILED` on anything but well-formed UTF-8 JSON with finite numbers, text that every store
 *   can hold, at most 32 levels, and no prototype keys
 */
export function parseJsonBody(bytes: Buffer): unknown {
  // Clients leave the header on requests that have no body.
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) {
    throw malformed('The body is not UTF-8.');
  }
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('The body is not valid JSON.');
  }
  // Only an escape can bring a lone surrogate or a NUL into a parsed string.
  return clean(value, 1, text.includes('\\u'), '');
}

/** @throws HttpProblem `UNSUPPORTED_MEDIA_TYPE` for a charset other than UTF-8 or an encoded body */
export function assertPlainJson(contentType: string | undefined, contentEncoding: string | undefined): void {
  if (contentEncoding !== undefined && contentEncoding.toLowerCase() !== 'identity') {
    throw new HttpProblem('UNSUPPORTED_MEDIA_TYPE', { detail: 'The body must not be compressed.' });
  }
  if (contentType !== undefined && /charset/i.test(contentType) && !acceptedCharset.test(contentType)) {
    throw new HttpProblem('UNSUPPORTED_MEDIA_TYPE', { detail: 'The body must be UTF-8.' });
  }
}

function clean(value: unknown, depth: number, escapes: boolean, path: string): unknown {
  if (typeof value === 'string') {
    if (escapes && (!value.isWellFormed() || value.includes('\0'))) {
      throw invalid(path, 'must be well-formed Unicode without NUL');
    }
    return value;
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) {
      throw invalid(path, 'is too large for a number');
    }
    return value;
  }
  if (typeof value !== 'object') {
    return value;
  }
  if (value === null) {
    return path === '' ? undefined : null;
  }
  if (depth > DEPTH_MAX) {
    throw malformed(`The body is nested over ${DEPTH_MAX} levels deep.`);
  }
  if (Array.isArray(value)) {
    value.forEach((item, index) => clean(item, depth + 1, escapes, join(path, String(index))));
  } else {
    cleanMembers(value as Record<string, unknown>, depth, escapes, path); // JSON has no other objects
  }
  return value;
}

function cleanMembers(object: Record<string, unknown>, depth: number, escapes: boolean, path: string): void {
  for (const key of Object.keys(object)) {
    if (key === '__proto__' || key === 'constructor' || key === 'prototype') {
      throw invalid(join(path, key), 'is not an allowed name');
    }
    if (escapes && (!key.isWellFormed() || key.includes('\0'))) {
      throw invalid(path, 'must have names of well-formed Unicode without NUL');
    }
    const member = object[key];
    if (member === null) {
      delete object[key];
    } else if (typeof member !== 'boolean') {
      clean(member, depth + 1, escapes, join(path, key));
    }
  }
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function malformed(detail: string): HttpProblem {
  return new HttpProblem('VALIDATION_FAILED', { detail });
}
