import { kustomize } from './kubectl.ts';
import { parseManifests, podOf } from './manifest.ts';
import { restrictedFaults } from './pod-security.ts';
import { schemaFaults } from './schema-faults.ts';

/** `EX_USAGE` and `EX_DATAERR` of sysexits.h. */
const EXIT_USAGE = 64;
const EXIT_FAULTS = 65;

/** Builds the manifests of a directory and prints them, or what is wrong with them, a line for each fault. */
async function run([directory, ...rest]: readonly string[]): Promise<void> {
  if (directory === undefined || rest.length > 0) {
    console.error('manifests: use it as npm run manifests -- <directory>, such as deploy/kubernetes/split');
    process.exitCode = EXIT_USAGE;
    return;
  }
  const text = await kustomize(directory);
  const manifests = parseManifests(text);
  const insecure = manifests.flatMap((manifest) => {
    const pod = podOf(manifest);
    return pod === undefined ? [] : restrictedFaults(pod).map((fault) => `${manifest.metadata.name}: ${fault}`);
  });
  const faults = [...(await schemaFaults(manifests)), ...insecure];
  if (faults.length > 0) {
    console.error(faults.map((fault) => `manifests: ${fault}`).join('\n'));
    process.exitCode = EXIT_FAULTS;
    return;
  }
  process.stdout.write(text);
}

run(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`manifests: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
