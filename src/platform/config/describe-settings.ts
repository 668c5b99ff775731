import { parseEnv } from 'node:util';
import type { Environment } from './load-settings';
import { variables, type Variable } from './variables';

/** A setting as an operator sees it. */
export interface DescribedSetting {
  readonly name: string;
  /** Masked when it is a secret; empty: unset. */
  readonly value: string;
  readonly source: 'environment' | '.env' | 'default';
  readonly meaning: string;
}

const MASK = '********';

/** Every setting, in the order of `.env.example`; secrets are masked, whatever their length. */
export function describeSettings(environment: Environment, dotenv: string): DescribedSetting[] {
  const file = parseEnv(dotenv);
  return Object.entries<Variable>(variables).map(([name, { fallback, meaning, secret }]) => {
    const { value, source } = effective(name, environment, file, fallback);
    return { name, value: secret && value !== '' ? MASK : value, source, meaning };
  });
}

/** As `loadSettings` reads: the environment wins over the file even where it is empty, and empty means unset. */
function effective(
  name: string,
  environment: Environment,
  file: Environment,
  fallback: string,
): Pick<DescribedSetting, 'value' | 'source'> {
  const given = { ...file, ...environment }[name];
  if (given === undefined || given === '') return { value: fallback, source: 'default' };
  return { value: given, source: environment[name] === undefined ? '.env' : 'environment' };
}
