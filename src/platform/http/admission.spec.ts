import { Admission } from './admission';

const limits = { floor: 20, ceiling: 1_000, streamsMax: 20 };

describe('admission', () => {
  let admission: Admission;

  beforeEach(() => {
    admission = new Admission(limits);
  });

  it('lets in as many as the ceiling says, and the next one when one has ended', () => {
    const leave = fill();
    expect(leave).toHaveLength(1_000);
    expect(admission.refused).toBe(1);
    leave[0]?.();
    expect(admission.enter('write')).toBeDefined();
    expect(admission.enter('write')).toBeUndefined();
  });

  it('keeps no read and no stream out when writes wait', () => {
    fill();
    expect(admission.enter('read')).toBeDefined();
    expect(admission.enter('stream')).toBeDefined();
  });

  it('bounds streams, however calm the process is', () => {
    const open = Array.from({ length: 25 }, () => admission.enter('stream'));
    expect(open.filter((leave) => leave !== undefined)).toHaveLength(20);
    open[0]?.();
    expect(admission.enter('stream')).toBeDefined();
  });

  it('takes a pause of the process for no overload', () => {
    fill();
    for (const late of [80, 0, 0, 0]) admission.observe(late);
    expect(admission.limit).toBe(1_000);
  });

  it('comes down to the floor within a second of a loop that stays late, and not below while nobody is refused', () => {
    fill(200);
    let elapsedMs = 0;
    while (admission.limit > limits.floor && elapsedMs < 10_000) {
      admission.observe(40);
      elapsedMs += 60;
    }
    expect(elapsedMs).toBeLessThan(1_000);
    for (let more = 0; more < 100; more++) admission.observe(200);
    expect(admission.limit).toBe(limits.floor);
  });

  it('goes below the floor when the senders do not wait for their answers', () => {
    for (let tick = 0; tick < 100; tick++) offer(100, () => 200);
    expect(admission.limit).toBe(1);
  });

  it('leaves the loop time to spare while it refuses at the floor', () => {
    // Of those refused each takes 10 µs, of those taken on 200 µs: 100 refusals alone make the loop a millisecond late.
    const work = (entered: number): number => 0.2 * entered + 0.01 * (100 - entered);
    for (let tick = 0; tick < 100; tick++) offer(100, () => 200);
    for (let tick = 0; tick < 500; tick++) offer(100, work);
    const seen = Array.from({ length: 500 }, () => offer(100, work));
    expect(Math.max(...seen)).toBeLessThan(20);
    expect(Math.min(...seen)).toBeGreaterThan(2);
  });

  it('takes on next to nothing at once when more and more wait, before the loop is late', () => {
    for (const more of [25, 10, 10]) {
      fill(more);
      admission.observe(5);
    }
    expect(admission.limit).toBe(1);
  });

  it('takes a crowd that does not grow for no overload', () => {
    fill(300);
    for (let tick = 0; tick < 50; tick++) admission.observe(5);
    expect(admission.limit).toBe(1_000);
  });

  it('does not refuse less than the floor, however late the loop is', () => {
    for (let more = 0; more < 100; more++) admission.observe(200);
    expect(fill(20)).toHaveLength(20);
    expect(admission.refused).toBe(0);
  });

  it('settles where the loop is as late as it may be, when each request makes it later by 100 µs', () => {
    const work = (): number => 0.1 * Math.min(400, admission.limit);
    for (let tick = 0; tick < 500; tick++) offer(400, work);
    const seen: number[] = [];
    for (let tick = 0; tick < 500; tick++) seen.push(offer(400, work));
    // 100 requests make it 10 ms late.
    expect(Math.max(...seen)).toBeLessThan(150);
    expect(Math.min(...seen)).toBeGreaterThan(50);
  });

  it('is back at the ceiling within two seconds after the overload', () => {
    fill(200).forEach((leave) => leave());
    for (let more = 0; more < 100; more++) admission.observe(200);
    for (let ticks = 0; ticks < 100; ticks++) admission.observe(0);
    expect(admission.limit).toBe(limits.ceiling);
  });

  /** Writes until one is refused, or so many. */
  function fill(most = Infinity): (() => void)[] {
    const leave: (() => void)[] = [];
    while (leave.length < most) {
      const left = admission.enter('write');
      if (left === undefined) break;
      leave.push(left);
    }
    return leave;
  }

  /** So many come at once, all that are taken on end, and the loop is late by their work. @returns how many were taken on */
  function offer(count: number, lateMs: (entered: number) => number): number {
    const entered = Array.from({ length: count }, () => admission.enter('write')).filter(
      (leave) => leave !== undefined,
    );
    const late = lateMs(entered.length);
    entered.forEach((leave) => leave());
    admission.observe(late);
    return entered.length;
  }
});
