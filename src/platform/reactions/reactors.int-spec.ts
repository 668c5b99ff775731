import { describeReactors } from './reactors.contract';
import { embeddedSite, memorySite } from './testing/log-sites';

describe('Reactors on a log in memory', () => describeReactors(memorySite));
describe('Reactors on the embedded log', () => describeReactors(embeddedSite));
