import { eventually } from './eventually.ts';

describe('eventually', () => {
  it('answers what the probe answers once it neither throws nor refuses', async () => {
    let asked = 0;
    const answer = await eventually(() => {
      asked++;
      if (asked === 1) throw new Error('not yet');
      return asked > 2 && `asked ${asked}`;
    });
    expect(answer).toBe('asked 3');
  });

  it('throws the probe’s last error at the deadline', async () => {
    await expect(eventually(() => expect(1).toBe(2), { within: 30 })).rejects.toThrow(
      /not within 30 ms: [^]*Expected: .*2/,
    );
    await expect(eventually(() => false, { within: 30 })).rejects.toThrow('the probe answers false');
  });
});
