import { repositoryRoot } from '../../scripts/process/repository.ts';
import { documentationRules } from './documentation.rules.ts';
import { layerRules } from './layer.rules.ts';
import { purityRules } from './purity.rules.ts';
import type { Rule } from './rule.ts';
import { shapeRules } from './shape.rules.ts';
import { readSourceTree, sourceTree } from './source-tree.ts';
import { tidinessRules } from './tidiness.rules.ts';

const groups: readonly [string, readonly Rule[]][] = [
  ['The layers', layerRules],
  ['Purity', purityRules],
  ['The shape of modules', shapeRules],
  ['Tidiness', tidinessRules],
  ['Documentation', documentationRules],
];

describe('The rules of the code', () => {
  const repository = readSourceTree(repositoryRoot());

  it('look at the whole repository', () => {
    expect(repository.sources.length).toBeGreaterThan(300);
    for (const folder of [
      'src/kernel/',
      'src/modules/calculator/domain/',
      'src/platform/',
      'test/',
      'scripts/',
      'bench/',
    ]) {
      expect(repository.sources.some(({ path }) => path.startsWith(folder))).toBe(true);
    }
  });

  describe.each(groups)('%s', (_group, rules) => {
    describe.each(rules.map((rule) => [rule.says, rule] as const))('%s', (_says, rule) => {
      it('in this repository', () => {
        expect(rule.violations(repository)).toEqual([]);
      });

      it.each(rule.broken.map((files, index) => [index + 1, files] as const))(
        'and counterexample %d is refused',
        (_nth, files) => {
          expect(rule.violations(sourceTree(files))).toHaveLength(1);
        },
      );

      it('and what only looks like a breach is not', () => {
        expect(rule.violations(sourceTree(rule.kept))).toEqual([]);
      });
    });
  });
});
