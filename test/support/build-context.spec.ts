import { ignoreRules, isSent } from './build-context.ts';

const rules = ignoreRules('# what is sent\n*\n!src\n!/package.json\nsrc/**/*.spec.ts\nsrc/old/\n!src/old/kept.ts\n');

describe('What a .dockerignore leaves', () => {
  it.each(['src', 'src/main.ts', 'src/deep/down/part.ts', 'package.json', 'src/old/kept.ts'])('holds %s', (path) => {
    expect(isSent(path, rules)).toBe(true);
  });

  it.each(['.env', '.git/config', 'node_modules/x', 'src/deep/part.spec.ts', 'src/a.spec.ts', 'src/old/gone.ts'])(
    'does not hold %s',
    (path) => {
      expect(isSent(path, rules)).toBe(false);
    },
  );
});
