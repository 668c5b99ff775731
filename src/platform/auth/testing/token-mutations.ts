import * as fc from 'fast-check';
import { encode } from './token-forge';

const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ '.split('');
const members = ['alg', 'typ', 'kid', 'iss', 'aud', 'sub', 'scope', 'exp', 'nbf', 'crit', 'jwk', 'b64'];

/** Tokens that differ from every one of the valid ones: by bits, by characters, by members, by parts of one another. */
export function mutationsOf(tokens: readonly string[]): fc.Arbitrary<string> {
  const token = fc.constantFrom(...tokens);
  const place = fc.nat();
  const character = fc.constantFrom(...characters);
  return fc
    .oneof(
      fc.tuple(token, place, character).map(([text, at, by]) => spliced(text, at, 1, by)),
      fc.tuple(token, place, fc.nat({ max: 7 })).map(([text, at, bit]) => flipped(text, at, bit)),
      fc.tuple(token, place, fc.nat({ max: 3 })).map(([text, at, length]) => spliced(text, at, length, '')),
      fc.tuple(token, place, fc.string({ maxLength: 4 })).map(([text, at, by]) => spliced(text, at, 0, by)),
      fc
        .tuple(token, token, token)
        .map(parts)
        .map((three) => three.join('.')),
      fc
        .tuple(token, fc.constantFrom(0, 1), fc.constantFrom(...members), fc.jsonValue({ maxDepth: 1 }))
        .map(([text, part, name, value]) => withMember(text, part, name, value)),
    )
    .filter((text) => !tokens.includes(text));
}

function spliced(text: string, at: number, length: number, by: string): string {
  const start = at % text.length;
  return text.slice(0, start) + by + text.slice(start + length);
}

/** One bit of the bytes that a part stands for. */
function flipped(text: string, at: number, bit: number): string {
  const all = text.split('.');
  const part = at % all.length;
  const bytes = Buffer.from(all[part] ?? '', 'base64url');
  const byte = Math.floor(at / all.length) % bytes.length;
  bytes[byte] = (bytes[byte] ?? 0) ^ (1 << bit);
  all[part] = bytes.toString('base64url');
  return all.join('.');
}

function parts(tokens: readonly string[]): string[] {
  return tokens.map((token, index) => token.split('.')[index] ?? '');
}

function withMember(text: string, part: number, name: string, value: unknown): string {
  const all = text.split('.');
  const held: unknown = JSON.parse(Buffer.from(all[part] ?? '', 'base64url').toString());
  all[part] = encode({ ...Object(held), [name]: value });
  return all.join('.');
}
