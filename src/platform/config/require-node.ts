import { nodeFault } from './supported-node';

// Imported before all else: on an older Node the native parts end the process without a word.
const fault = nodeFault(process.versions.node);
if (fault !== undefined) {
  process.stderr.write(`${fault}\n`);
  process.exit(1);
}
