import RequestQueue from 'kafkajs/src/network/requestQueue';
import { hardenKafkajs } from './harden-kafkajs';

describe('kafkajs, hardened', () => {
  it('is refused in a version that was not checked', () => {
    expect(() => hardenKafkajs('2.3.0')).toThrow('kafkajs 2.3.0 was not checked');
  });

  it('arms no timer on a connection where nothing waits', () => {
    const queue = Object.create(RequestQueue.prototype) as RequestQueue;
    const idle = Object.assign(queue, { throttleCheckTimeoutId: null, throttledUntil: -1, pending: [] });
    idle.scheduleCheckPendingRequests();
    expect(idle.throttleCheckTimeoutId).toBeNull();
  });
});
