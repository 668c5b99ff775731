import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SourceCopy } from '../process/source-copy.ts';

const CALCULATOR = 'src/modules/calculator';

describe('The recipe "Add a command" of CONTRIBUTING.md', () => {
  const copy = new SourceCopy();
  const recipe = /^## Add a command$(.*?)^## /ms.exec(textOf('CONTRIBUTING.md'))?.[1] ?? '';
  const [event = '', command = '', decide = '', evolve = '', step = '', send = ''] = codeOf(recipe);

  afterAll(() => copy.close());

  function textOf(path: string): string {
    return readFileSync(join(copy.directory, path), 'utf8');
  }

  /** Does as the recipe says to a file that it names. */
  function edit(path: string, ...changes: readonly (readonly [found: string, becomes: string])[]): void {
    expect(recipe).toContain(`](${path})`);
    let text = textOf(path);
    for (const [found, becomes] of changes) {
      expect(text).toContain(found);
      text = text.replace(found, () => becomes);
    }
    writeFileSync(join(copy.directory, path), text);
  }

  it('makes a subtraction that compiles, decides and is published, in the files that it names', async () => {
    edit(`${CALCULATOR}/domain/value.events.ts`, ['\n});', `\n${event}\n});`]);
    edit(
      `${CALCULATOR}/domain/value.commands.ts`,
      ['export const valueCommands', `${command}\n\nexport const valueCommands`],
      ['UpdateValueCommand] as const', 'UpdateValueCommand, SubtractFromValueCommand] as const'],
    );
    await expect(copy.lint(CALCULATOR)).rejects.toThrow(/value\.decider\.ts[^]*never/);

    edit(
      `${CALCULATOR}/domain/value.decider.ts`,
      ['default:\n        return unreachable(command)', `${decide}\ndefault:\n        return unreachable(command)`],
      ["case 'ValueUpdated':", `${evolve}\ncase 'ValueUpdated':`],
    );
    edit(`${CALCULATOR}/views/value.view.ts`, ["case 'ValueUpdated':", `${evolve}\ncase 'ValueUpdated':`]);
    edit(
      `${CALCULATOR}/views/value-history.view.ts`,
      ['default:', `${step}\ndefault:`],
      ["'MULTIPLY']", "'MULTIPLY', 'SUBTRACT']"],
    );
    edit(
      `${CALCULATOR}/values.dto.ts`,
      ["enum: ['ADD', 'MULTIPLY']", "enum: ['ADD', 'MULTIPLY', 'SUBTRACT']"],
      ["IsIn(['ADD', 'MULTIPLY']", "IsIn(['ADD', 'MULTIPLY', 'SUBTRACT']"],
      ["'ADD' | 'MULTIPLY'", "'ADD' | 'MULTIPLY' | 'SUBTRACT'"],
    );
    edit(
      `${CALCULATOR}/values.controller.ts`,
      ['const command = new UpdateValueCommand(id, { operation, value }, sender.metadata);', send],
      ['{ CreateValueCommand,', '{ CreateValueCommand, SubtractFromValueCommand,'],
    );
    edit(
      `${CALCULATOR}/domain/value.decider.spec.ts`,
      ['{ CreateValueCommand,', '{ CreateValueCommand, SubtractFromValueCommand,'],
      [
        "  it('must exist",
        `  it('is subtracted from', () => {
          given(created)
            .when(new SubtractFromValueCommand(id, { value: 3 }, metadata))
            .thenEvents({ type: 'ValueSubtracted', data: valueEvents.events.ValueSubtracted.example });
          given().when(new SubtractFromValueCommand(id, { value: 3 }, metadata)).thenRejected('VALUE_NOT_FOUND');
        });

        it('must exist`,
      ],
    );

    await copy.format(CALCULATOR);
    await copy.lint(CALCULATOR, 'src/app.module.ts');
    const specs = [CALCULATOR, 'test/architecture', 'test/published-schemas'];
    const tests = await copy.jest(['--selectProjects', 'unit', '--testPathPatterns', ...specs], {
      PUBLISH_SCHEMAS: 'true',
    });
    expect(existsSync(join(copy.directory, 'docs/schemas/calculator/ValueSubtracted.1.json'))).toBe(true);
    expect(tests).toMatch(/PASS .*value\.decider\.spec\.ts/);
  }, 240_000);
});

/** The blocks of TypeScript, without the indentation of the list that they stand in. */
function codeOf(text: string): string[] {
  return [...text.matchAll(/^( *)```ts\n(.*?)^ *```/gms)].map(([, indent = '', code = '']) =>
    code.replaceAll(new RegExp(`^${indent}`, 'gm'), '').trimEnd(),
  );
}
