import { z } from 'zod';

const SEALED = /^siv1\.[A-Za-z0-9_-]{22,}$/;

/**
 * Schema of a text that only the key of its person opens: `siv1.` and base64url of tag and ciphertext. Equal texts at the same place of the
 * same person are sealed to the same, so that deciders compare what they cannot read. A stored schema that says so takes no clear text.
 */
export const sealedSchema = z.string().regex(SEALED);

/** Whether a text is sealed. */
export function isSealed(text: string): boolean {
  return SEALED.test(text);
}

/**
 * A keyed hash of what a sealed text says, for rows that are found by it; `null` when the key of the person was destroyed.
 *
 * @param person whose text it is
 * @param path where it stands in what is known of that person, as `contact.email`
 */
export type PersonalIndex = (person: string, path: string, sealed: string) => string | null;

/**
 * Paths of the leaves in which two versions of a document differ, as `name.lastName` or `addresses[1].city`, in their order; what is there
 * on one side alone counts leaf by leaf. `null` is no leaf.
 */
export function changedPaths(before: unknown, after: unknown): string[] {
  const [old, now] = [leavesOf(before), leavesOf(after)];
  return [...new Set([...now.keys(), ...old.keys()])].filter((path) => old.get(path) !== now.get(path));
}

function leavesOf(value: unknown, path = '', into = new Map<string, unknown>()): Map<string, unknown> {
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) leavesOf(item, `${path}[${at}]`, into);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) leavesOf(member, path === '' ? name : `${path}.${name}`, into);
  } else if (value !== null && value !== undefined) into.set(path, value);
  return into;
}
