import { readFileSync } from 'node:fs';
import { chown, cp, mkdir, readFile, readdir, rename, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { DockerfileParser, type Copy, type Instruction } from 'dockerfile-ast';
import { repositoryRoot } from '../../scripts/process/repository.ts';
import { runToEnd } from '../../scripts/process/run-to-end.ts';
import { copyBuildContext } from './build-context.ts';

/** A stage of a Dockerfile: its root directory on this machine, and what its instructions have said of it. */
interface Stage {
  readonly root: string;
  readonly environment: Record<string, string>;
  workdir: string;
  user: string;
  command: readonly string[];
  healthCheck: readonly string[];
}

/** The last stage. */
export type BuiltImage = Readonly<Stage>;

/** Instructions that only tell who runs the image. */
const TOLD = ['VOLUME', 'EXPOSE'];

/**
 * Carries out the Dockerfile of this repository without a container engine. Each stage is a directory; its base image is this machine, so
 * steps may only touch their working directory. Instructions that are not known here are refused.
 * @param place an empty directory
 * @returns the last stage
 */
export async function buildImage(place: string): Promise<BuiltImage> {
  const root = repositoryRoot();
  const context = join(place, 'context');
  await copyBuildContext(root, context);
  const stages: Stage[] = [];
  const byName = new Map<string, Stage>();
  const dockerfile = DockerfileParser.parse(await readFile(join(root, 'Dockerfile'), 'utf8'));
  for (const instruction of dockerfile.getInstructions()) {
    const keyword = instruction.getKeyword();
    const words = instruction.getArguments().map((argument) => argument.getValue());
    if (keyword === 'FROM') {
      const stage = await emptyStage(join(place, `stage-${stages.length}`));
      stages.push(stage);
      byName.set(words[2] ?? '', stage);
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`${keyword} comes before FROM`);
    if (isCopy(instruction)) await copy(instruction, stage, byName, context);
    else await carryOut(instruction, words, stage);
  }
  const image = stages.at(-1);
  if (image === undefined) throw new Error('the Dockerfile has no stage');
  return image;
}

async function emptyStage(root: string): Promise<Stage> {
  await mkdir(root);
  return { root, environment: {}, workdir: '/', user: 'root', command: [], healthCheck: [] };
}

async function carryOut(instruction: Instruction, words: readonly string[], stage: Stage): Promise<void> {
  const keyword = instruction.getKeyword();
  const text = instruction.getRawArgumentsContent() ?? '';
  if (keyword === 'WORKDIR') {
    stage.workdir = resolve(stage.workdir, words[0] ?? '');
    await mkdir(join(stage.root, stage.workdir), { recursive: true });
  } else if (keyword === 'RUN') {
    await runToEnd('/bin/sh', ['-c', text], { cwd: join(stage.root, stage.workdir), env: buildEnvironment(stage) });
  } else if (keyword === 'ENV') {
    Object.assign(stage.environment, environmentIn(instruction));
  } else if (keyword === 'USER') {
    stage.user = words[0] ?? '';
  } else if (keyword === 'CMD') {
    stage.command = execForm(text);
  } else if (keyword === 'HEALTHCHECK') {
    stage.healthCheck = execForm(text.slice(text.indexOf('CMD') + 3));
  } else if (!TOLD.includes(keyword)) {
    throw new Error(`${keyword} is not known here: what does it do to the image?`);
  }
}

async function copy(
  instruction: Copy,
  stage: Stage,
  byName: ReadonlyMap<string, Stage>,
  context: string,
): Promise<void> {
  const flags = new Map(instruction.getFlags().map((flag) => [flag.getName(), flag.getValue() ?? '']));
  const words = instruction.getArguments().map((argument) => argument.getValue());
  const from = flags.has('from') ? byName.get(flags.get('from') ?? '')?.root : context;
  const target = words.at(-1);
  if (from === undefined || target === undefined) throw new Error(`COPY ${words.join(' ')}: from where, and to where?`);
  const destination = join(stage.root, resolve(stage.workdir, target));
  for (const word of words.slice(0, -1)) {
    const source = join(from, word);
    const isDirectory = (await stat(source)).isDirectory();
    const place = !isDirectory && target.endsWith('/') ? join(destination, basename(source)) : destination;
    // What comes from another stage is moved, which is faster: a Dockerfile that wants it twice would fail here.
    if (flags.has('from')) await rename(source, place);
    else await cp(source, place, { recursive: true });
    const owner = flags.get('chown')?.split(':').map(Number);
    if (owner !== undefined && process.getuid?.() === 0) await chownAll(place, owner);
  }
}

async function chownAll(place: string, [uid = 0, gid = 0]: readonly number[]): Promise<void> {
  const below = (await stat(place)).isDirectory() ? await readdir(place, { recursive: true }) : [];
  await Promise.all(['', ...below].map((path) => chown(join(place, path), uid, gid)));
}

/** That of this machine, so that npm reaches its registry, without what the run of this test has added. */
function buildEnvironment({ environment }: Stage): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_.*|NODE_ENV|NODE_OPTIONS|JEST_.*)$/.test(name));
  const npm = { npm_config_prefer_offline: 'true', npm_config_audit: 'false', npm_config_fund: 'false' };
  return { ...Object.fromEntries(own), ...npm, ...environment };
}

function execForm(text: string): string[] {
  const words: unknown = JSON.parse(text);
  if (!Array.isArray(words)) throw new Error(`a list of words is wanted, so that no shell stands between: ${text}`);
  return words.map(String);
}

function isCopy(instruction: Instruction): instruction is Copy {
  return instruction.getKeyword() === 'COPY';
}

/** What the image gives every process that runs in it. */
export function imageEnvironment(): Record<string, string> {
  const dockerfile = DockerfileParser.parse(readFileSync(join(repositoryRoot(), 'Dockerfile'), 'utf8'));
  const instructions = dockerfile.getInstructions();
  const last = instructions.slice(instructions.findLastIndex((instruction) => instruction.getKeyword() === 'FROM'));
  return Object.assign({}, ...last.map(environmentIn)) as Record<string, string>;
}

function environmentIn(instruction: Instruction): Record<string, string> {
  if (instruction.getKeyword() !== 'ENV') return {};
  const words = instruction.getArguments().map((argument) => argument.getValue());
  return Object.fromEntries(words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
}
