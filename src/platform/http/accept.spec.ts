import { preferred } from './accept';

describe('Accept', () => {
  it.each([
    [undefined, 'text/event-stream'],
    ['*/*', 'text/event-stream'],
    ['application/json', 'application/json'],
    ['text/event-stream;q=0.5, application/json', 'application/json'],
    ['application/*;q=0.2, text/*;q=0.1', 'application/json'],
    ['*/*;q=0.1, text/event-stream;q=0', 'application/json'],
    ['TEXT/EVENT-STREAM', 'text/event-stream'],
    ['text/event-stream; charset=utf-8', 'text/event-stream'],
    ['text/html', undefined],
    ['application/json;q=0', undefined],
    ['application/json;q=nonsense', undefined],
    ['', 'text/event-stream'],
    [',;=,', undefined],
  ])('%s likes %s best', (accept, best) => {
    expect(preferred(accept, ['text/event-stream', 'application/json'])).toBe(best);
  });
});
