import { eventually } from '../../../../test/support/eventually';
import { WriterFenced, type OwnedPartition } from '../log.port';
import { OwnedPartitions } from './owned-partitions';

const P0 = { topic: 't', partition: 0 };
const P1 = { topic: 't', partition: 1 };
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** One call of `own`, ended by the test. */
interface Run {
  readonly partition: number;
  readonly signal: AbortSignal;
  readonly end: () => void;
  readonly fail: (error: Error) => void;
}

describe('partitions owned', () => {
  const fatal: Error[] = [];
  let runs: Run[];
  let isOwner: boolean;
  let owned: OwnedPartitions;

  beforeEach(() => {
    fatal.length = 0;
    runs = [];
    isOwner = true;
    const own = ({ partition, signal }: OwnedPartition): Promise<void> =>
      new Promise((end, fail) => runs.push({ partition, signal, end, fail }));
    owned = new OwnedPartitions(
      own,
      async () => isOwner,
      (error) => fatal.push(error),
      silent,
    );
  });

  it('run from assignment until they are taken away', async () => {
    owned.assign([P0, P1]);
    await eventually(() => expect(runs.map(({ partition }) => partition)).toEqual([0, 1]));
    owned.assign([P1]);
    expect(runs.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    expect(owned.held).toEqual([P1]);
    owned.assign([P1]);
    expect(runs).toHaveLength(2);
  });

  it('never run twice at once: a new run waits until the old one has settled', async () => {
    owned.assign([P0]);
    await eventually(() => runs.length === 1);
    owned.releaseAll();
    owned.assign([P0]);
    await new Promise(setImmediate);
    expect(runs).toHaveLength(1);
    runs[0]?.end();
    await eventually(() => expect(runs).toHaveLength(2));
    expect(runs[1]?.signal.aborted).toBe(false);
  });

  it('skip a run that was taken away before it began', async () => {
    owned.assign([P0]);
    await eventually(() => runs.length === 1);
    owned.releaseAll();
    owned.assign([P0]);
    owned.releaseAll();
    runs[0]?.end();
    await owned.settled();
    expect(runs).toHaveLength(1);
  });

  it('run afresh after a fence once the group confirms them, and not before', async () => {
    isOwner = false;
    owned.assign([P0]);
    await eventually(() => runs.length === 1);
    runs[0]?.fail(new WriterFenced('a zombie'));
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(runs).toHaveLength(1);
    isOwner = true;
    await eventually(() => expect(runs).toHaveLength(2));
    expect(fatal).toEqual([]);
  });

  it('report any other error as fatal, unless they were taken away meanwhile', async () => {
    owned.assign([P0, P1]);
    await eventually(() => runs.length === 2);
    owned.assign([P0]);
    runs[1]?.fail(new Error('late'));
    runs[0]?.fail(new Error('broken'));
    await eventually(() => expect(fatal.map(({ message }) => message)).toEqual(['broken']));
  });
});
