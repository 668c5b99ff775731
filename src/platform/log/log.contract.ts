import { describeAppending } from './contract/appending.contract';
import { TOPICS, type LogUnderTest } from './contract/contract-tools.contract';
import { describeFollowing } from './contract/following.contract';
import { describeGroups } from './contract/groups.contract';
import { describeOpening } from './contract/opening.contract';
import { describeTransactions } from './contract/transactions.contract';
import type { Log } from './log.port';

export type { LogUnderTest } from './contract/contract-tools.contract';

/**
 * What the platform expects of a log; every adapter runs it.
 * @param openLog makes an empty log for one test
 */
export function describeLogContract(name: string, openLog: () => Promise<LogUnderTest>): void {
  describe(`the log contract, ${name}`, () => {
    let underTest: LogUnderTest;
    let log: Log;

    beforeEach(async () => {
      underTest = await openLog();
      log = await underTest.open();
      await log.ensureTopics(TOPICS);
    });

    afterEach(() => underTest.dispose());

    describeAppending(() => log);
    describeFollowing(() => log);
    describeTransactions(() => log);
    describeGroups(() => log);
    describeOpening(
      () => log,
      () => underTest,
    );
  });
}
