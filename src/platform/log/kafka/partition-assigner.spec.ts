import * as fc from 'fast-check';
import {
  assign,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  keyOf,
  type Claim,
  type TopicPartition,
} from './partition-assigner';

const NOTHING: Claim = { generation: -1, owned: [] };

function partitions(count: number): TopicPartition[] {
  return Array.from({ length: count }, (_, partition) => ({ topic: 't', partition }));
}

describe('the assigner', () => {
  it('gives every partition to exactly one member, evenly to within one, whatever they claim', () => {
    const claims = fc.array(
      fc.record({
        generation: fc.integer({ min: -1, max: 5 }),
        owned: fc.array(fc.record({ topic: fc.constantFrom('t', 'other'), partition: fc.nat(14) }), { maxLength: 15 }),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(claims, fc.nat(12), (told, count) => {
        const members = told.map((claim, index) => ({ memberId: `m${index}`, claim }));
        const shares = [...assign(members, partitions(count)).values()];
        expect(shares.flat().map(keyOf).sort()).toEqual(partitions(count).map(keyOf).sort());
        const sizes = shares.map((share) => share.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('moves no more than a newcomer’s share', () => {
    const held = assign(
      [
        { memberId: 'a', claim: NOTHING },
        { memberId: 'b', claim: NOTHING },
      ],
      partitions(6),
    );
    const members = [...held].map(([memberId, owned]) => ({ memberId, claim: { generation: 1, owned } }));
    const next = assign([...members, { memberId: '0-new', claim: NOTHING }], partitions(6));
    for (const [memberId, owned] of held) {
      expect(owned.map(keyOf)).toEqual(expect.arrayContaining((next.get(memberId) ?? []).map(keyOf)));
    }
    expect(next.get('0-new')).toHaveLength(2);
  });

  it('believes the later generation of two that claim the same', () => {
    const members = [
      { memberId: 'a-stale', claim: { generation: 3, owned: partitions(1) } },
      { memberId: 'b', claim: { generation: 7, owned: partitions(1) } },
    ];
    expect(assign(members, partitions(2)).get('b')).toEqual(partitions(1));
  });

  it('reads back what it wrote, and takes a foreign claim for none', () => {
    const claim = { generation: 4, owned: partitions(2) };
    expect(decodeSubscription(encodeSubscription(['t', 'u'], claim))).toEqual({ topics: ['t', 'u'], claim });
    const share = [...partitions(2), { topic: 'u', partition: 3 }];
    expect(decodeAssignment(encodeAssignment(share))).toEqual(share);
    expect(decodeAssignment(Buffer.alloc(0))).toEqual([]);
    const foreign = encodeSubscription(['t'], claim);
    foreign.fill('x', foreign.length - 5);
    expect(decodeSubscription(foreign).claim).toEqual(NOTHING);
  });
});
