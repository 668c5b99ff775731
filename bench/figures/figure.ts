/** What a figure has to reach. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** One line of the table, with all that it was made from. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly target: Target;
  readonly measured: number;
  /** Reached, and with nothing in `faults`. */
  readonly met: boolean;
  /** What makes the figure doubtful: answers other than 200, counts that do not agree, views too far behind. */
  readonly faults: readonly string[];
  readonly medians: Readonly<Record<string, number>>;
  /** Every repetition as it was measured. */
  readonly repetitions: readonly object[];
}

export function figure(parts: Omit<Figure, 'met'>): Figure {
  const { target, measured, faults } = parts;
  const reached = 'atLeast' in target ? measured >= target.atLeast : measured <= target.atMost;
  return { ...parts, met: reached && faults.length === 0 };
}
