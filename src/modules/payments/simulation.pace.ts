import type { AttemptKind } from './domain/virtual-attempt.choice';

/** What the simulation does again and again: attempts; new users; paying what is asked (`settle`); looking who is there (`look`). */
export type SimulationLane = AttemptKind | 'register' | 'settle' | 'look';

/** How much is simulated, and how fast. */
export interface SimulationPace {
  /** Virtual users appear until there are so many. */
  readonly usersMax: number;
  readonly everyMs: Readonly<Record<SimulationLane, number>>;
  /** Of each kind; what would be more is left out. More than one is for who measures: a single one waits for its append. */
  readonly inFlightMax: number;
}

/** The pace of the product. `settle` looks at one user in turn, so that everybody pays within some seconds. */
export const usualPace: SimulationPace = {
  usersMax: 50,
  everyMs: {
    register: 8_000,
    'pay-virtual': 10_000,
    'pay-real': 30_000,
    'ask-virtual': 12_000,
    'ask-real': 36_000,
    settle: 100,
    look: 2_000,
  },
  inFlightMax: 1,
};

/** However high the speed, reading leaves time for others. */
const READ_EVERY_MS_MIN = 5;

/** The pace, so many times as fast. */
export function faster({ everyMs, ...pace }: SimulationPace, speed: number): SimulationPace {
  return {
    ...pace,
    everyMs: {
      register: everyMs.register / speed,
      'pay-virtual': everyMs['pay-virtual'] / speed,
      'pay-real': everyMs['pay-real'] / speed,
      'ask-virtual': everyMs['ask-virtual'] / speed,
      'ask-real': everyMs['ask-real'] / speed,
      settle: Math.max(READ_EVERY_MS_MIN, everyMs.settle / speed),
      look: Math.max(READ_EVERY_MS_MIN, everyMs.look / speed),
    },
  };
}
