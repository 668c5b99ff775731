import { IdleGarbage } from './idle-garbage';

const MEGABYTE = 1024 * 1024;

describe('garbage of an idle process', () => {
  let utilization: number;
  let megabytes: number;
  let collections: number;
  let garbage: IdleGarbage;
  const look = (times: number): void => {
    for (let count = 0; count < times; count++) garbage.look();
  };

  beforeEach(() => {
    utilization = 0.02;
    megabytes = 110;
    collections = 0;
    garbage = new IdleGarbage({
      utilization: () => utilization,
      bytes: () => megabytes * MEGABYTE,
      collect: () => {
        collections++;
        megabytes = 70;
      },
    });
  });

  it('is collected soon after the start', () => {
    look(2);
    expect(collections).toBe(0);
    look(1);
    expect(collections).toBe(1);
  });

  it('is left alone while there is little of it', () => {
    look(3);
    megabytes = 105;
    look(1_000);
    expect(collections).toBe(1);
  });

  it('is collected after a busy time, and not within it', () => {
    look(3);
    utilization = 0.5;
    megabytes = 400;
    look(1_000);
    utilization = 0.05;
    look(2);
    utilization = 0.5;
    look(1);
    expect(collections).toBe(1);
    utilization = 0.05;
    look(3);
    expect(collections).toBe(2);
  });
});
