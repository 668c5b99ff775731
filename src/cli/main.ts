import '../platform/config/require-node';
import { readEnvironment } from '../platform/config/read-environment';
import { reach } from './reach';
import { runCli } from './run-cli';
import { processTerminal } from './terminal';

void runCli(process.argv.slice(2), {
  terminal: processTerminal(),
  readSettings: (instead) => readEnvironment({}, instead),
  reach,
}).then((code) => process.exit(code));
