import { CreateValueCommand, UpdateValueCommand } from '../../modules/calculator/domain/value.commands';
import { value } from '../../modules/calculator/domain/value.decider';
import type { CommandMetadata } from '../../kernel/command';
import { encodeCommand } from '../log/envelope';
import type { LogRecord } from '../log/log.port';
import { BatchDecider, type LoadedState } from './batch-decider';

const aggregates = new Map(value.commands.map(({ type }) => [type, value]));
const id = '2753b941-eb10-497c-b58c-2b3dec1eeeef';
const nothing: LoadedState = { aggregate: () => undefined, decision: () => undefined };
let attempt = 0;

function metadata(commandId: string, more: Partial<CommandMetadata> = {}): CommandMetadata {
  return {
    commandId,
    identity: 'anonymous',
    correlationId: `attempt-${++attempt}`,
    receivedAt: 1_763_712_000_000,
    ...more,
  };
}

function record(command: CreateValueCommand | UpdateValueCommand, offset: number): LogRecord {
  const { timestamp = 0, ...encoded } = encodeCommand('calculator.commands', 2, command, { replyTo: 'me' });
  return { ...encoded, partition: 2, offset, timestamp };
}

const create = (commandId: string, offset: number, more?: Partial<CommandMetadata>) =>
  record(new CreateValueCommand(id, { value: 2 }, metadata(commandId, more)), offset);
const add = (commandId: string, offset: number, more?: Partial<CommandMetadata>) =>
  record(new UpdateValueCommand(id, { operation: 'ADD', value: 2 }, metadata(commandId, more)), offset);
const decide = (records: LogRecord[], loaded = nothing) =>
  BatchDecider.decide({ module: 'calculator', aggregates }, loaded, { sequence: 40, time: 0 }, records);
const decisions = (records: LogRecord[], loaded = nothing) => decide(records, loaded).replies.map(({ reply }) => reply);

describe('A batch of commands', () => {
  it('is decided in log order, each command seeing what the ones before it changed', () => {
    const { events, sequence } = decide([create('a', 0), add('b', 1), add('c', 2)]);
    expect(events.map(({ value: json }) => JSON.parse(json ?? ''))).toEqual([
      { operand: 2, result: 2 },
      { operation: 'ADD', operand: 2, result: 4 },
      { operation: 'ADD', operand: 2, result: 6 },
    ]);
    expect(events.map(({ headers }) => [headers['version'], headers['sequence']])).toEqual([
      ['1', '41'],
      ['2', '42'],
      ['3', '43'],
    ]);
    expect(sequence).toBe(43);
  });

  it('gives the same bytes when it is decided again (G10)', () => {
    const records = [create('a', 0), add('b', 1)];
    expect(decide(records)).toEqual(decide(records));
  });

  it('drops a key that it has seen and answers with the first decision (G2, G5)', () => {
    const twins = [create('a', 0, { fingerprint: 'f' }), create('a', 1, { fingerprint: 'f' })];
    const replies = decisions(twins);
    expect(replies.map(({ kind }) => kind)).toEqual(['first', 'replay']);
    expect(replies[1]?.decision).toEqual(replies[0]?.decision);
    expect(decide(twins).events).toHaveLength(1);
  });

  it('refuses a key that was used for another body, without touching what it stands for (G5)', () => {
    const replies = decisions([create('a', 0, { fingerprint: '1' }), create('a', 1, { fingerprint: '2' })]);
    expect(replies[1]).toMatchObject({
      kind: 'refused',
      decision: { status: 'rejected', code: 'IDEMPOTENCY_KEY_REUSED' },
    });
    expect(decide([create('a', 0, { fingerprint: '1' }), create('a', 1, { fingerprint: '2' })]).entries).toHaveLength(
      2,
    );
  });

  it('decides only at the expected version, and a later attempt anew', () => {
    const [, late] = [create('a', 0), add('b', 1, { expectedVersion: 7, correlationId: 'x' })];
    const replies = decisions([create('a', 0), late, add('b', 2, { expectedVersion: 1 })]);
    expect(replies[1]?.decision).toEqual({
      status: 'rejected',
      code: 'VERSION_MISMATCH',
      details: { version: 1 },
      version: 1,
    });
    expect(replies[2]).toMatchObject({ kind: 'first', decision: { status: 'accepted', version: 2 } });
  });

  it('does not remember a 412: the same attempt may be right later', () => {
    const key = { fingerprint: 'f' };
    const records = [create('a', 0), add('b', 1, { ...key, expectedVersion: 2 }), add('c', 2)];
    expect(decide(records).entries.map(({ key: entry }) => entry)).not.toContain('command/b');
    const replies = decisions([...records, add('b', 3, { ...key, expectedVersion: 2 })]);
    expect(replies[3]).toMatchObject({ kind: 'first', decision: { status: 'accepted', version: 3 } });
  });

  it('looks the key up before it checks the version', () => {
    const replies = decisions([
      create('a', 0),
      add('b', 1, { expectedVersion: 1, fingerprint: 'f' }),
      add('b', 2, { expectedVersion: 1, fingerprint: 'f' }),
    ]);
    expect(replies[2]).toMatchObject({ kind: 'replay', decision: { status: 'accepted', version: 2 } });
  });

  it('parks a command that cannot be decided, alone, with cause and origin (G9)', () => {
    const good = add('c', 2);
    const result = decide([create('a', 0), { ...add('b', 1), value: '{"operation":"DIVIDE"}' }, good]);
    expect(result.deadLetters).toHaveLength(1);
    expect(result.deadLetters[0]?.headers['dead-letter-id']).toBe('calculator.processor:calculator.commands:2:1');
    expect(result.replies.map(({ reply }) => reply.decision.status)).toEqual(['accepted', 'parked', 'accepted']);
    expect(result.entries.some(({ key }) => key === 'command/b')).toBe(false);
  });

  it('parks what is no command at all', () => {
    const result = decide([{ ...create('a', 0), headers: {} }, { ...create('b', 1), value: null }, create('c', 2)]);
    expect(result.deadLetters).toHaveLength(2);
    expect(result.events).toHaveLength(1);
  });

  it('parks a command that expects no version, rather than refuse it for another (G9)', () => {
    const expecting = (version: string, offset: number) => {
      const { headers, ...rest } = create('a', offset);
      return { ...rest, headers: { ...headers, 'expected-version': version } };
    };
    const result = decide([expecting('the last', 0), expecting('', 1), expecting('0', 2)]);
    expect(result.deadLetters).toHaveLength(2);
    expect(result.events).toHaveLength(1);
  });

  it('remembers what can come again: commands with a key', () => {
    const keys = (more: object) => decide([create('a', 0, more)]).entries.map(({ key }) => key);
    expect(keys({})).not.toContain('command/a');
    expect(keys({ fingerprint: 'f' })).toContain('command/a');
  });

  it('writes no event for a rejection, and remembers it', () => {
    const key = { fingerprint: 'f' };
    const result = decide([add('a', 0, key), create('b', 1), add('a', 2, key)]);
    expect(result.events).toHaveLength(1);
    expect(result.replies[2]?.reply).toMatchObject({ kind: 'replay', decision: { code: 'VALUE_NOT_FOUND' } });
  });
});
