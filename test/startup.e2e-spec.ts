import { randomBytes } from 'node:crypto';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AppProcess } from './support/app-process.ts';
import type { AppSite } from './support/app-site.ts';
import { describeModes } from './support/modes.ts';
import { expectStoppedStart } from './support/stopped-start.ts';

const pageBytes = 4096;

describeModes(
  'a start that cannot succeed says why in one line',
  ({ newSite }) => {
    let site: AppSite;
    let app: AppProcess;

    beforeEach(async () => {
      site = await newSite();
      app = await site.start();
      const sent = Array.from({ length: 100 }, () => createValue(app));
      expect(new Set(await Promise.all(sent))).toEqual(new Set([202]));
    });

    it('when another process has the data directory, which goes on', async () => {
      const second = await site.runToEnd({ DATA_DIR: app.dataDirectory });
      expectStoppedStart(second, 1, /^LOG_IN_USE: the data directory .+ is in use by another process$/);
      expect(await createValue(app)).toBe(202);
    });

    it.each([
      ['at its head', 0],
      ['in the middle', 0.5],
    ])('when the log is damaged %s', async (_where, part) => {
      await app.terminate();
      const path = join(app.dataDirectory, 'log.db');
      const { size } = await stat(path);
      const file = await open(path, 'r+');
      // From a page on to the end: what stands there is in use.
      const from = Math.floor((part * size) / pageBytes) * pageBytes;
      await file.write(randomBytes(size - from), 0, size - from, from);
      await file.close();
      expectStoppedStart(
        await site.runToEnd({ DATA_DIR: app.dataDirectory }),
        1,
        /^LOG_DAMAGED: .+log\.db is damaged: .+$/,
      );
    });

    it('when its data directory cannot be written', async () => {
      // Nobody can make files there, not even root.
      const stopped = await site.runToEnd({ DATA_DIR: '/sys/kernel' });
      expectStoppedStart(stopped, 1, /^DATA_DIR_UNUSABLE: DATA_DIR \/sys\/kernel cannot be used: .+$/);
    });

    it('when the log is gone that it has acknowledged records of', async () => {
      await app.terminate();
      await rm(join(app.dataDirectory, 'log.db'));
      expectStoppedStart(
        await site.runToEnd({ DATA_DIR: app.dataDirectory }),
        1,
        /^LOG_DAMAGED: the log holds 0 records, but .+log\.mark says that \d+ were acknowledged.+$/,
      );
    });

    it('when views and keys are of another log', async () => {
      await app.terminate();
      for (const file of ['log.db', 'log.mark']) await rm(join(app.dataDirectory, file));
      expectStoppedStart(
        await site.runToEnd({ DATA_DIR: app.dataDirectory }),
        1,
        /^(KEYS|VIEWS)_FOREIGN: .+ belongs? to the log .+, this is the log .+$/,
      );
    });

    it('when the topics have another number of partitions than it is told', async () => {
      await app.terminate();
      expectStoppedStart(
        await site.runToEnd({ DATA_DIR: app.dataDirectory, PARTITIONS: '7' }),
        1,
        /^LOG_TOPIC_POLICY: topic .+ has 4 partitions, 7 are asked for/,
      );
    });
  },
  ['embedded'],
);

async function createValue(app: AppProcess): Promise<number> {
  const body = JSON.stringify({ value: 1 });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${app.url}/values`, { method: 'POST', headers, body });
  await answer.arrayBuffer();
  return answer.status;
}
