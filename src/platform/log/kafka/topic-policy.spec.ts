import { configOf, contradiction, countContradiction, moduleOf } from './topic-policy';

describe('topic policies', () => {
  it('become settings of Kafka', () => {
    expect(configOf({ name: 'x', policy: 'keep' }, null)).toEqual({
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
      'retention.bytes': '-1',
    });
    expect(configOf({ name: 'x', policy: 'compact' }, 2)).toEqual({ 'cleanup.policy': 'compact' });
    expect(configOf({ name: 'x', policy: { deleteAfterMs: 5 } }, 3)).toEqual({
      'cleanup.policy': 'delete',
      'retention.ms': '5',
      'min.insync.replicas': '2',
    });
  });

  it('has room for a record that fills another topic, with cause and origin, among the dead letters (G9)', () => {
    const config = configOf({ name: 'x.commands.dead-letters', policy: 'keep' }, null);
    expect(Number(config['max.message.bytes'])).toBeGreaterThan(1_048_588 + 1_000);
    expect(contradiction('x', { ...config, 'max.message.bytes': '1048588' }, config)).toBeUndefined();
  });

  it('are contradicted in one sentence, and not by more replicas than needed', () => {
    const wanted = configOf({ name: 'x', policy: 'compact' }, 3);
    expect(contradiction('x', { 'cleanup.policy': 'compact', 'min.insync.replicas': '3' }, wanted)).toBeUndefined();
    expect(contradiction('x', { 'cleanup.policy': 'delete', 'min.insync.replicas': '1' }, wanted)).toBe(
      'topic x: cleanup.policy is delete and must be compact; min.insync.replicas is 1 and must be 2',
    );
  });

  it('know the module of a topic', () => {
    expect(['a.b.commands', 'a.events', 'commands', 'a.commands.dead-letters'].map(moduleOf)).toEqual([
      'a.b',
      'a',
      undefined,
      'a',
    ]);
  });

  it('let modules differ in count, but not within one', () => {
    const specs = ['a.commands', 'a.events', 'b.events'].map((name) => ({ name, policy: 'keep' as const }));
    const counts = (events: number): Map<string, number> =>
      new Map([
        ['a.commands', 2],
        ['a.events', events],
        ['b.events', 7],
      ]);
    expect(countContradiction(specs, counts(2), undefined)).toBeUndefined();
    expect(countContradiction(specs, counts(3), undefined)).toContain('as many as a.commands, 2');
    expect(countContradiction(specs, counts(2), 2)).toContain('b.events: it has 7 partitions and must have 2');
  });
});
