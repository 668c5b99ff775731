import { z } from 'zod';
import { operation } from './operation';
import { OperationFailed } from './operation-failed';

/** Wraps the keys of persons by another key-encryption key. */
export const rotateKeys = operation({
  name: 'keys.rotate',
  input: z.object({}),
  output: z.object({
    /** Id of the key-encryption key that wraps all of them now. */
    kek: z.string(),
    rewrapped: z.number(),
  }),
  changes: true,
  run: async ({ keys }) => {
    if (keys === undefined)
      throw new OperationFailed('UNAVAILABLE', 'no module here holds personal data, or there is none yet');
    return keys.rotate();
  },
});
