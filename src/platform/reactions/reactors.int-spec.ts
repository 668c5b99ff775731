import { describeParkedReactions } from './parked-reactions.contract';
import { describeReactors } from './reactors.contract';
import { embeddedSite, memorySite } from './testing/log-sites';

describe('Reactors on a log in memory', () => describeReactors(memorySite));
describe('Reactors on the embedded log', () => describeReactors(embeddedSite));

describe('Events that reactors cannot take, on a log in memory', () => describeParkedReactions(memorySite));
describe('Events that reactors cannot take, on the embedded log', () => describeParkedReactions(embeddedSite));
