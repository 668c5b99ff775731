import { SettingsError } from '../config/settings';
import { LogSetupError } from '../log/log.port';
import { startFailure } from './start-failure';

describe('a failed start', () => {
  it.each([
    [new SettingsError(['PORT is wrong', 'HOST is wrong']), ['SETTINGS: PORT is wrong', 'SETTINGS: HOST is wrong'], 78],
    [new LogSetupError('LOG_IN_USE', 'in use by another process'), ['LOG_IN_USE: in use by another process'], 1],
    [
      Object.assign(new Error('listen'), { code: 'EADDRINUSE', syscall: 'listen' }),
      ['PORT_IN_USE: another process listens on 127.0.0.1:3000'],
      1,
    ],
    [Object.assign(new Error('foreign log'), { code: 'VIEWS_FOREIGN' }), ['VIEWS_FOREIGN: foreign log'], 1],
  ])('is told in one line per fault: %s', (error, lines, exitCode) => {
    expect(startFailure(error, '127.0.0.1:3000')).toEqual({ lines, exitCode });
  });

  it('that nobody foresaw shows its stack', () => {
    const { lines, exitCode } = startFailure(new Error('what?'), '');

    expect(lines).toEqual(['START_FAILED: what?', expect.stringContaining('start-failure.spec')]);
    expect(exitCode).toBe(1);
  });
});
