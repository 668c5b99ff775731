import { spawn } from 'node:child_process';
import { eventually } from './eventually.ts';

/** One command of an example, and the lines of output that the document shows for it. */
export interface DocumentedStep {
  readonly command: string;
  readonly shown: readonly string[];
}

const RUN_MS_MAX = 10_000;
/** A stream never ends by itself; what came live instead of in the snapshot is in its place when it is read again. */
const READ_MS_MAX = 2_000;
const REPEAT_MS_MAX = 15_000;
const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
/** What differs from run to run: ids, tokens and times. */
const SAMPLE = new RegExp(
  `${UUID}|(?<=^consistency-token: )\\S+|\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z|\\b1[67]\\d{11}\\b`,
  'g',
);
const TIME = /^\d{4}-.*Z$/;
const MILLISECONDS = /^\d{13}$/;

/**
 * The steps of the block that follows `<!-- example: name -->`: lines of shell, each with its output in lines that begin with `# => `.
 * @throws Error when there is no such block
 */
export function documentedSteps(text: string, name: string): DocumentedStep[] {
  const block = new RegExp(`<!-- example: ${name} -->\\s+\`\`\`sh\\n(.*?)\`\`\``, 's').exec(text)?.[1];
  if (block === undefined) throw new Error(`there is no example ${name}`);
  const steps: { command: string; shown: string[] }[] = [];
  for (const line of block.trimEnd().split('\n')) {
    if (line.startsWith('# => ')) steps.at(-1)?.shown.push(line.slice('# => '.length));
    else steps.push({ command: line, shown: [] });
  }
  return steps;
}

/**
 * Runs documented steps with a shell, as a reader would: the ids and tokens that the document shows are replaced by those that this run has
 * had for them.
 */
export class DocumentedExample {
  readonly #samples = new Map<string, string>();
  readonly #variables: Record<string, string> = {};

  /** @param addresses what the document calls the process, and where it is */
  constructor(private readonly addresses: Readonly<Record<string, string>>) {}

  /** @throws Error when the output is not as shown; a step that only reads is repeated for a while */
  async run(steps: readonly DocumentedStep[]): Promise<void> {
    for (const step of steps) {
      const [, name, value] = /^([A-Z]+)=(\S+)/.exec(step.command) ?? [];
      if (name !== undefined && value?.startsWith('$(') === true) await this.#assign(name, step.command);
      else if (name !== undefined && value !== undefined) this.#variables[name] = this.#actual(value);
      else if (/ -(d|X (POST|PUT)) /.test(step.command)) await this.#take(step, RUN_MS_MAX);
      else await eventually(() => this.#take(step, READ_MS_MAX), { within: REPEAT_MS_MAX });
    }
  }

  /** A variable that takes what a command prints. */
  async #assign(name: string, command: string): Promise<void> {
    const printing = this.#actual(command).slice(`${name}=$(`.length, -1);
    const output = await runInShell(`bash -c ${quoted(printing)}`, this.#variables, () => false, RUN_MS_MAX);
    this.#variables[name] = output.trim();
  }

  async #take({ command, shown }: DocumentedStep, runMsMax: number): Promise<void> {
    const found = (output: string): Map<string, string> | undefined => this.#compare(shown, output.split(/\r?\n/));
    const isEnough = (text: string): boolean => found(text) !== undefined;
    const output = await runInShell(this.#actual(command), this.#variables, isEnough, runMsMax);
    const learned = found(output);
    if (learned === undefined) throw new Error(`${command}\nshould print\n${shown.join('\n')}\nand printed\n${output}`);
    for (const [sample, actual] of learned) this.#samples.set(sample, actual);
  }

  /** Finds the lines shown among those printed, in order. @returns what stands for the new samples */
  #compare(shown: readonly string[], printed: readonly string[]): Map<string, string> | undefined {
    const learned = new Map<string, string>();
    let at = 0;
    for (const line of shown) {
      const { pattern, samples } = this.#patternOf(line, learned);
      while (at < printed.length && !pattern.test(printed[at] ?? '')) at++;
      const match = pattern.exec(printed[at++] ?? '');
      if (match === null) return undefined;
      for (const [index, sample] of samples.entries()) learned.set(sample, match[index + 1] ?? '');
    }
    return learned;
  }

  #patternOf(line: string, learned: ReadonlyMap<string, string>): { pattern: RegExp; samples: string[] } {
    const samples: string[] = [];
    let pattern = '';
    let from = 0;
    for (const { 0: sample, index } of line.matchAll(SAMPLE)) {
      pattern += escaped(this.#actual(line.slice(from, index)));
      from = index + sample.length;
      const known = this.#samples.get(sample) ?? learned.get(sample);
      if (TIME.test(sample)) pattern += '\\d{4}-[\\dT:.-]+Z';
      else if (MILLISECONDS.test(sample)) pattern += '\\d{13}';
      else if (known !== undefined) pattern += escaped(known);
      else if (samples.includes(sample)) pattern += `\\${samples.indexOf(sample) + 1}`;
      else {
        pattern += '([\\w-]{8,})';
        samples.push(sample);
      }
    }
    return { pattern: new RegExp(`^${pattern}${escaped(this.#actual(line.slice(from)))}$`), samples };
  }

  #actual(text: string): string {
    const replacements = [...this.#samples, ...Object.entries(this.addresses)];
    return replacements.reduce((replaced, [documented, actual]) => replaced.replaceAll(documented, actual), text);
  }
}

/** Runs one command until it ends, has printed enough, or time is over; answers what it printed. */
function runInShell(
  command: string,
  variables: Readonly<Record<string, string>>,
  isEnough: (output: string) => boolean,
  runMsMax: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    // exec: so that the signal below ends the program itself.
    const child = spawn('bash', ['-c', `exec ${command}`], { env: { ...process.env, ...variables } });
    const timer = setTimeout(() => child.kill('SIGKILL'), runMsMax);
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      output += part;
      if (isEnough(output)) child.kill('SIGKILL');
    });
    child.stderr.setEncoding('utf8').on('data', (part: string) => (errors += part));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      if (output === '' && code !== 0) reject(new Error(`${command} ended with ${code}: ${errors}`));
      else resolve(output);
    });
  });
}

function quoted(command: string): string {
  return `'${command.replaceAll("'", `'\\''`)}'`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
