import type { Settings } from '../platform/config/settings';
import type { Feature } from '../platform/feature';

/** What the modules of these settings declare. Loaded only where it is needed: with it comes all of Nest. */
export async function chosenFeatures({ modules: chosen }: Settings): Promise<Feature[]> {
  return (await allFeatures()).filter(({ name }) => chosen === 'all' || chosen.has(name));
}

/** What all modules declare. */
export async function allFeatures(): Promise<Feature[]> {
  await import('reflect-metadata');
  const { modules } = await import('../app.module.ts');
  return modules.map(({ feature }) => feature);
}
