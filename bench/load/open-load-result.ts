import { z } from 'zod';

const count = z.int().min(0);

/** What an open-loop generator saw, second by second. */
export const openLoadResult = z.object({
  /** Requests that fell due; each was sent, at once or as soon as a connection was there. */
  due: count,
  /** Each second of the run, by when its requests fell due. */
  seconds: z.array(
    z.object({
      /** Answers below 400, and how long they took from when they fell due: also what waited in the generator counts. */
      accepted: count,
      p50Ms: z.number(),
      p99Ms: z.number(),
      /** 503 with `Retry-After`. */
      refused: count,
    }),
  ),
  acceptedP50Ms: z.number(),
  acceptedP99Ms: z.number(),
  /** Answers that are neither, by status; and connections that failed or were lost with a request on them. */
  others: z.record(z.string(), count),
  /** Due, but without an answer when the run was over. */
  unanswered: count,
});

export type OpenLoadResult = z.infer<typeof openLoadResult>;
