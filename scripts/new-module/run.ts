import { repositoryRoot } from '../process/repository.ts';
import { moduleNames, RefusedName } from './module-names.ts';
import { writeModule } from './write-module.ts';

/** `EX_USAGE` of sysexits.h. */
const EXIT_USAGE = 64;

async function run([module, noun = module, ...rest]: readonly string[]): Promise<void> {
  if (module === undefined || noun === undefined || rest.length > 0) {
    throw new RefusedName('use it as npm run new:module -- <module> [noun], such as wish-lists wish-list');
  }
  const written = await writeModule(repositoryRoot(), moduleNames(module, noun));
  console.log(written.join('\n'));
  console.log('\nNow npm run check, then make it yours: CONTRIBUTING.md, "Add a module".');
}

run(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof RefusedName)) throw error;
  console.error(`new:module: ${error.message}`);
  process.exitCode = EXIT_USAGE;
});
