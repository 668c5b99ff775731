import { ProducerSequences } from './producer-sequences';

describe('The sequence numbers of a producer', () => {
  it('count per partition, from 0', () => {
    const sequences = new ProducerSequences();
    sequences.advance('t', 0, 3);
    sequences.advance('t', 0, 2);
    sequences.advance('t', 1, 1);
    expect([sequences.of('t', 0), sequences.of('t', 1), sequences.of('other', 0)]).toEqual([5, 1, 0]);
  });

  it('start again at 0 after 2^31 - 1, within a batch too, as the broker counts', () => {
    const last = 0x7fffffff;
    const sequences = new ProducerSequences();
    sequences.advance('t', 0, last);
    expect(sequences.of('t', 0)).toBe(last);
    sequences.advance('t', 0, 1);
    expect(sequences.of('t', 0)).toBe(0);
    sequences.advance('u', 0, last);
    sequences.advance('u', 0, 4);
    expect(sequences.of('u', 0)).toBe(3);
  });
});
