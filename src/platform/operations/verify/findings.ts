/** Something that is not as the log says. */
export interface Finding {
  readonly kind: 'sequence' | 'version' | 'event' | 'state' | 'view' | 'checkpoint' | 'position' | 'ledger';
  /** Topic, partition and offset, or the view. */
  readonly place: string;
  readonly message: string;
}

const KEPT_MAX = 1_000;

/** All findings are counted; the first thousand are kept. */
export class Findings {
  readonly kept: Finding[] = [];
  private counted = 0;

  get count(): number {
    return this.counted;
  }

  add(kind: Finding['kind'], place: string, message: string): void {
    this.counted++;
    if (this.kept.length < KEPT_MAX) this.kept.push({ kind, place, message });
  }
}
