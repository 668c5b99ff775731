/**
 * What a request asks of the process. Each kind has a count of its own: writes that wait for a log that is away keep no read out, and
 * streams, which never end, neither.
 */
export type Work = 'read' | 'write' | 'stream';

export interface AdmissionLimits {
  /** So many senders who wait for their answers are never too many: a busy process needs them to work at its best rate. */
  readonly floor: number;
  /** So many requests of a kind may wait in a process that is not busy. */
  readonly ceiling: number;
  /** Open streams; each costs memory, and hardly any time. */
  readonly streamsMax: number;
}

/** How late the event loop may run a timer, in milliseconds: what a request waits before anybody looks at it is about as much. */
const LAG_MS_TARGET = 10;
/**
 * And while others are refused at the floor: those who are taken on do not wait for each other then, and the refusals need time too. A loop
 * that is never idle lets everybody wait, in the sockets, where nobody counts.
 */
const LAG_MS_CROWDED = 3;
/** The loop must have been late for so many observations in a row: a burst or a collection of garbage is none of it. */
const LATE_MIN = 3;
const SMOOTHING = 0.5;
/** With refusals at the floor fewer are enough to keep the commits filled; this share of it. */
const LEAST_SHARE = 1 / 16;
/** More and more wait: over so many observations by so much. Senders who wait for their answers cannot become more and more. */
const RISING_MIN = 3;
const RISING_SHARE = 1.1;
const SHRINK_MIN = 0.5;
const SHRINK_MIN_CROWDED = 0.85;
const GROWTH = 1.1;
/** With refusals the limit is near the right one and is felt for. */
const CAREFUL_GROWTH = 1.02;

/**
 * Decides which requests are taken on. What is in flight is bounded, and the bound follows how late the event loop is: it shrinks while
 * the loop stays late, and grows again while it does not. A request beyond the bound is better refused at once than answered after its
 * sender has given up.
 */
export class Admission {
  private readonly inFlight: Record<Work, number> = { read: 0, write: 0, stream: 0 };
  private bound: number;
  private lagMs = 0;
  private lateCount = 0;
  private busiest = 0;
  /** In flight at the last observations, while there were more than the floor. */
  private crowd: number[] = [];
  private refusals = 0;
  private refusalsSeen = 0;

  constructor(private readonly limits: AdmissionLimits) {
    this.bound = limits.ceiling;
  }

  /** Requests of a kind that may be in flight now. */
  get limit(): number {
    return Math.floor(this.bound);
  }

  /** Requests refused since the start. */
  get refused(): number {
    return this.refusals;
  }

  /** The next one of this kind would be refused. */
  isFull(work: Work): boolean {
    return this.inFlight[work] >= (work === 'stream' ? this.limits.streamsMax : this.limit);
  }

  countOf(work: Work): number {
    return this.inFlight[work];
  }

  /** Counts a refusal that was made without asking to enter. */
  refuse(): void {
    this.refusals++;
  }

  /** @returns call it once, when the request has ended; undefined when the request is refused */
  enter(work: Work): (() => void) | undefined {
    if (this.isFull(work)) {
      this.refuse();
      return undefined;
    }
    const now = ++this.inFlight[work];
    if (work !== 'stream' && now > this.busiest) this.busiest = now;
    return () => {
      this.inFlight[work]--;
    };
  }

  /** Call it some fifty times a second. @param lateMs how late it is called */
  observe(lateMs: number): void {
    const { floor, ceiling } = this.limits;
    this.lagMs += SMOOTHING * (lateMs - this.lagMs);
    const isRefusing = this.refusals > this.refusalsSeen;
    const isCrowded = isRefusing && this.bound <= floor;
    const target = isCrowded ? LAG_MS_CROWDED : LAG_MS_TARGET;
    const isLate = this.lagMs > target;
    this.lateCount = isLate ? this.lateCount + 1 : 0;
    if (this.isRising()) {
      this.bound = Math.min(this.bound, floor * LEAST_SHARE);
    } else if (this.lateCount >= LATE_MIN) {
      const least = isCrowded ? floor * LEAST_SHARE : floor;
      const share = Math.max(isCrowded ? SHRINK_MIN_CROWDED : SHRINK_MIN, target / this.lagMs);
      this.bound = Math.max(least, Math.min(this.bound, this.busiest) * share);
    } else if (!isLate) {
      const growth = isRefusing ? CAREFUL_GROWTH : GROWTH;
      this.bound = Math.min(ceiling, Math.max(isRefusing ? 0 : floor, this.bound * growth + 1));
    }
    this.refusalsSeen = this.refusals;
    this.busiest = this.waiting;
  }

  /** In flight now, of the kind of which there are more. */
  private get waiting(): number {
    return Math.max(this.inFlight.read, this.inFlight.write);
  }

  private isRising(): boolean {
    const { waiting } = this;
    this.crowd = waiting > this.limits.floor ? [...this.crowd, waiting].slice(-RISING_MIN) : [];
    const [first] = this.crowd;
    return first !== undefined && this.crowd.length === RISING_MIN && waiting > first * RISING_SHARE;
  }
}
