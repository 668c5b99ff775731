import { describeModes } from './support/modes.ts';
import { closeSync, openSync, writeSync, statSync, rmSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
const show = (n: string, r: unknown) => process.stdout.write(`### ${n}: ${JSON.stringify(r, null, 1).replaceAll('\\n','\n')}\n`);
describeModes('x', ({ mode, newSite }) => {
  if (mode === 'kafka') {
    it('k', async () => {
      const site = await newSite();
      let t = Date.now();
      show('unreachable', await site.runToEnd({ KAFKA_BROKERS: '127.0.0.1:1' }, { within: 40000 })); show('ms', Date.now()-t);
      show('nodb', await site.runToEnd({ DATABASE_URL: undefined, PORT: 'x' }));
      t = Date.now();
      show('sasl', await site.runToEnd({ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'a', KAFKA_SASL_PASSWORD: 'b' }, { within: 40000 })); show('ms', Date.now()-t);
      t = Date.now();
      show('ssl', await site.runToEnd({ KAFKA_SSL: 'true' }, { within: 40000 })); show('ms', Date.now()-t);
      show('db unreachable', await site.runToEnd({ DATABASE_URL: 'postgresql://127.0.0.1:1/x' }, { within: 40000 })); show('ms', Date.now()-t);
      show('db missing', await site.runToEnd({ DATABASE_URL: site.settings['DATABASE_URL']+'x' }, { within: 40000 })); show('ms', Date.now()-t);
      const other = await newSite();
      const k = new Kafka({ brokers: [site.settings['KAFKA_BROKERS'] ?? ''], logLevel: logLevel.NOTHING }).admin();
      await k.connect(); await k.createTopics({ topics: [{ topic: other.settings['KAFKA_TOPIC_PREFIX']+'calculator.events', numPartitions: 4, configEntries: [{ name: 'retention.ms', value: '60000' }] }] }); await k.disconnect();
      show('policy', await other.runToEnd());
      const a = await site.start(); await a.terminate();
      show('foreign', await site.runToEnd({ KAFKA_TOPIC_PREFIX: 'q' + site.settings['KAFKA_TOPIC_PREFIX'] }, { within: 40000 }));
      show('partitions', await site.runToEnd({ PARTITIONS: '7' }, { within: 40000 }));
    });
  } else {
    it('e', async () => {
      const site = await newSite();
      const a = await site.start();
      show('in use', await site.runToEnd({ DATA_DIR: a.dataDirectory }));
      for (let i = 0; i < 300; i++) await fetch(a.url + '/values', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"value":1}' });
      await a.terminate();
      show('partitions', await site.runToEnd({ DATA_DIR: a.dataDirectory, PARTITIONS: '7' }));
      rmSync(join(a.dataDirectory, 'log.db'));
      show('foreign views', await site.runToEnd({ DATA_DIR: a.dataDirectory }));
      const b = await (await newSite()).start(); 
      for (let i = 0; i < 300; i++) await fetch(b.url + '/values', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"value":1}' });
      await b.terminate();
      const f = join(b.dataDirectory, 'log.db'); const size = statSync(f).size; show('size', [size, existsSync(f + '-wal')]);
      const fd = openSync(f, 'r+'); writeSync(fd, Buffer.alloc(size - 8192 - 100, 0x5a), 0, size - 8192 - 100, 8192); closeSync(fd);
      show('damaged', await site.runToEnd({ DATA_DIR: b.dataDirectory }));
      const fe = openSync(f, 'r+'); writeSync(fe, Buffer.alloc(4096, 0x5a), 0, 4096, 0); closeSync(fe);
      show('no db', await site.runToEnd({ DATA_DIR: b.dataDirectory }));
      show('dir', await site.runToEnd({ DATA_DIR: '/proc/nothing' }));
    });
  }
});
