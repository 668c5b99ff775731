/**
 * What can never be was found: the processor must end, with its process, before it writes what would be wrong. Nothing of the batch at hand
 * has been written.
 */
export class InvariantBroken extends Error {
  override readonly name = 'InvariantBroken';
}
