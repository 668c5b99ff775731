import type { LogRecord } from '../log/log.port';
import { outcomesProjection } from './command-outcomes.view';
import { encodeReply } from './decision';

const { read } = outcomesProjection(['m.commands']);

function command(headers: Record<string, string>): LogRecord {
  return { topic: 'm.commands', partition: 0, offset: 0, key: 'k', value: '{}', headers, timestamp: 7 };
}

describe('The view of what became of commands', () => {
  const headers = { 'command-id': 'c', identity: 'anonymous', 'domain-model': 'DoIt' };

  it('knows a command from the moment it is in the log, and its decision when that is', () => {
    const position = { module: 'm', partition: 0, sequence: 3 };
    const decision = { status: 'accepted', version: 2, reply: { value: 1 } } as const;
    const reply = { commandId: 'c', correlationId: 'x', position, decision, kind: 'first' } as const;
    const replied = { ...encodeReply(reply, 'me', 4), partition: 0, offset: 1, timestamp: 9 };
    let row: Record<string, unknown> | undefined;
    for (const record of [command(headers), replied]) {
      for (const { key, update } of read(record)?.changes ?? []) {
        expect(key).toEqual({ command_id: 'c' });
        row = update(row) as Record<string, unknown>;
      }
    }
    expect(row).toEqual({
      command_id: 'c',
      identity: 'anonymous',
      command: 'DoIt',
      outcome: { decision, position, correlationId: 'x' },
      received_at: 7,
      decided_at: 9,
    });
  });

  it.each(['command-id', 'identity'])('passes over a record without %s: it is no command', (missing) => {
    expect(read(command({ ...headers, [missing]: undefined } as never))).toBeUndefined();
  });
});
