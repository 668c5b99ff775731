/**
 * A typed refusal of a command. It writes no event; the platform stores it as the command's decision
 * and maps its code to problem+json in one table (see {@link RejectionTable}).
 */
export class Rejected extends Error {
  override readonly name = 'Rejected';

  /**
   * @param code stable, upper snake case, listed in the module's rejection table
   * @param details JSON-safe facts for the client; never secrets or another person's data
   */
  constructor(
    readonly code: string,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(code);
  }
}

/** How one rejection code looks to an HTTP client. */
export interface RejectionEntry {
  /** HTTP status, 4xx. */
  readonly status: number;
  /** One short sentence without variable parts. */
  readonly title: string;
}

/** Every code that a module's deciders and queries may reject with. */
export type RejectionTable = Readonly<Record<string, RejectionEntry>>;
