import { faster, usualPace } from './simulation.pace';

describe('the pace of the simulation', () => {
  it('is that of the contract', () => {
    expect(usualPace).toMatchObject({
      usersMax: 50,
      everyMs: {
        register: 8_000,
        'pay-virtual': 10_000,
        'pay-real': 30_000,
        'ask-virtual': 12_000,
        'ask-real': 36_000,
      },
      inFlightMax: 1,
    });
    // Everybody is looked at within some seconds.
    expect(usualPace.everyMs.settle * usualPace.usersMax).toBeLessThanOrEqual(5_000);
  });

  it('is divided by the speed, also by one below 1', () => {
    expect(faster(usualPace, 100).everyMs).toEqual({
      register: 80,
      'pay-virtual': 100,
      'pay-real': 300,
      'ask-virtual': 120,
      'ask-real': 360,
      settle: 5,
      look: 20,
    });
    expect(faster(usualPace, 0.5).everyMs).toMatchObject({ register: 16_000, settle: 200 });
    expect(faster(usualPace, 100)).toMatchObject({ usersMax: 50, inFlightMax: 1 });
  });
});
