import { randomOf } from './seeded.random';

const PREFIX = 'virtual-user-';
const VIRTUAL_ID = /^virtual-user-([1-9]\d{0,8})$/;

/** All ids of virtual users, and no other that can be had, lie from the first of these up to, without, the second, in byte order. */
export const VIRTUAL_IDS = { from: PREFIX, to: 'virtual-user.' } as const;

// A list of our own: what a library of names gives for a seed changes with its version, and a user's name must not.
const firstNames = (
  'Amelia Oliver Sofia Mateo Aisha Omar Mei Hiroshi Priya Arjun Ingrid Lars Chiara Luca Zanele Thabo Camille Hugo Katarzyna Piotr ' +
  'Fatima Yusuf Leilani Keanu Nadia Viktor Ana Diego Grace Samuel Eleni Nikos Saoirse Cian Linh Minh Ruth Daniel Elif Emre'
).split(' ');
const lastNames = (
  'Anders Moretti Okafor Tanaka Sharma Novak Garcia Dubois Kowalski Haddad Lindqvist Fischer Murphy Nguyen Papadakis Yilmaz Silva Mbeki Chen Rossi ' +
  'Walker Petrov Kim Fernandes Larsen Rahman Bauer Costa Ivanova Jansen Castillo Osei Weber Laurent Suzuki Kaur Byrne Mendoza Hansen Farouk'
).split(' ');
const COMBINATIONS = firstNames.length * lastNames.length;

/** Shares no divisor with the number of combinations, so that none repeats before all have been had. */
const STRIDE = 1_009;

/** What a virtual user registers with. */
export interface VirtualProfile {
  readonly id: string;
  readonly name: string;
  readonly username: string;
}

/**
 * The same for the same seed and number, so that to register somebody twice changes nothing.
 *
 * @param number from 1 on
 */
export function virtualProfile(seed: number, number: number): VirtualProfile {
  const at = (randomOf(seed).between(0, COMBINATIONS - 1) + number * STRIDE) % COMBINATIONS;
  const first = firstNames[at % firstNames.length] ?? '';
  const last = lastNames[Math.floor(at / firstNames.length)] ?? '';
  return { id: virtualId(number), name: `${first} ${last}`, username: `${first}.${last}`.toLowerCase() };
}

/** @param number from 1 on */
export function virtualId(number: number): string {
  return `${PREFIX}${number}`;
}

/** N of `virtual-user-N`. @returns `undefined` for everybody else */
export function virtualNumber(id: string): number | undefined {
  const digits = VIRTUAL_ID.exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
