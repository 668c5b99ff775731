import { SeededRandom } from '../../../test/support/seeded-random';
import { faultCount } from '../../../test/support/test-modes';
import { describeReactorCrashes } from './reactor-crashes.contract';
import { embeddedSite, memorySite } from './testing/log-sites';

const random = (): SeededRandom => SeededRandom.announce('reactors');

describe('Reactors that die, on a log in memory', () => {
  describeReactorCrashes(memorySite, faultCount({ small: 60, full: 5_000 }), random);
});

describe('Reactors that die, on the embedded log', () => {
  describeReactorCrashes(embeddedSite, faultCount({ small: 20, full: 1_000 }), random);
});
