import RequestQueue from 'kafkajs/src/network/requestQueue';
import { version } from 'kafkajs/package.json';

/** The adapter drives inner parts of kafkajs; these versions were measured under faults. */
const CHECKED_VERSIONS: readonly string[] = ['2.2.4'];

/** How often a throttled or full queue is looked at again, as in kafkajs. Milliseconds. */
const PENDING_CHECK_MS = 10;

/**
 * Repairs kafkajs from outside, once, at load: after its first answer every connection re-arms a timer with a negative delay
 * for ever, about 900 wake-ups a second each. Here the timer runs only while a request waits.
 *
 * @throws Error when the installed kafkajs was not checked
 */
export function hardenKafkajs(installed: string = version): void {
  if (!CHECKED_VERSIONS.includes(installed)) {
    throw new Error(`kafkajs ${installed} was not checked under faults; install ${CHECKED_VERSIONS.join(' or ')}`);
  }
  RequestQueue.prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
    const throttledMs = this.throttledUntil - Date.now();
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      },
      throttledMs > 0 ? throttledMs : PENDING_CHECK_MS,
    );
  };
}

hardenKafkajs();
