import type { Rule } from './rule.ts';
import type { Import, Source, SourceTree } from './source-tree.ts';

/** The parts of the platform that modules are made of; everything else is its own business. */
export const PUBLIC_PLATFORM = [
  'auth/access.decorators',
  'auth/caller',
  'commands/api-accepted.decorator',
  'commands/command-gateway',
  'commands/command-handlers',
  'commands/command-sender',
  'commands/reads.decorator',
  'config/config.module',
  'config/settings',
  'feature',
  'http/api-problems.decorator',
  'http/is-text.decorator',
  'http/page',
  'http/pattern.pipe',
  'http/price.decorator',
  'http/produces.decorator',
  'http/uuid.pipe',
  'keys/person-cipher',
  'keys/personal-data',
  'tasks/sole-task',
  'views/look-up',
  'views/read-models',
  'views/streams/live-rows',
].map((part) => `src/platform/${part}`);

const PURE_FILES = /^src\/modules\/([^/]+\/domain\/|.*\.(process|publication)\.ts$)/;
const SPEC = /\.(int-)?spec\.ts$/;

const moduleOf = (path: string): string | undefined => /^src\/modules\/([^/]+)\//.exec(path)?.[1];
const isContractsOf = (file: string, other: string | undefined): boolean =>
  other !== undefined && file === `src/modules/${other}/contracts`;

/** Property tests are as pure as what they test. */
const packagesFor = (path: string): string[] => (SPEC.test(path) ? ['zod', 'fast-check'] : ['zod']);

export const layerRules: readonly Rule[] = [
  {
    says: 'the kernel imports nothing but zod and itself',
    violations: importsOf(
      ({ path }) => path.startsWith('src/kernel/'),
      ({ path }, { file, package: name }) =>
        file === undefined ? packagesFor(path).includes(name ?? '') : file.startsWith('src/kernel/'),
    ),
    broken: [
      { 'src/kernel/clock.ts': `import { hrtime } from 'node:process';` },
      { 'src/kernel/event.ts': `import type { LogRecord } from '../platform/log/log.port';` },
      { 'src/kernel/lazy.ts': `export const nest = () => import('@nestjs/common');` },
      { 'src/kernel/type.ts': `export type Log = import('../platform/log/log.port').Log;` },
      { 'src/kernel/mini.ts': `export { z } from 'zod-mini';` },
    ],
    kept: {
      'src/kernel/a.ts': `import type { z } from 'zod'; import { b } from './b'; export { c } from '../kernel/c';`,
    },
  },
  {
    says: 'domain/, processes and publications import the kernel, zod, their own domain and the contracts of other modules',
    violations: importsOf(({ path }) => PURE_FILES.test(path), isPureImport),
    broken: [
      { 'src/modules/shop/domain/order.decider.ts': `import { Injectable } from '@nestjs/common';` },
      { 'src/modules/shop/domain/order.decider.ts': `import { randomUUID } from 'node:crypto';` },
      { 'src/modules/shop/domain/order.decider.ts': `import { LOG } from '../../../platform/log/log.providers';` },
      { 'src/modules/shop/domain/order.decider.ts': `import { orderView } from '../views/order.view';` },
      { 'src/modules/shop/domain/order.decider.ts': `import { x } from '../../billing/domain/bill.events';` },
      { 'src/modules/shop/bill.process.ts': `import { orders } from './orders.controller';` },
    ],
    kept: {
      'src/modules/shop/domain/order.decider.ts': `
        import { z } from 'zod';
        import { aggregate } from '../../../kernel/decider';
        import { billEvents } from '../../billing/contracts';
        import { orderEvents } from './order.events';`,
      'src/modules/shop/domain/order.decider.spec.ts': `import fc from 'fast-check';`,
    },
  },
  {
    says: 'views/ import what domain/ may, the query bus and the read models',
    violations: importsOf(
      ({ path }) => /^src\/modules\/[^/]+\/views\//.test(path),
      (source, imported) =>
        isPureImport(source, imported) ||
        imported.package === '@nestjs/cqrs' ||
        imported.file === 'src/platform/views/read-models' ||
        imported.file?.startsWith(`src/modules/${moduleOf(source.path)}/views/`) === true,
    ),
    broken: [
      { 'src/modules/shop/views/order.view.ts': `import { Inject } from '@nestjs/common';` },
      { 'src/modules/shop/views/order.view.ts': `import Database from 'better-sqlite3';` },
      {
        'src/modules/shop/views/order.view.ts': `import { SqliteStore } from '../../../platform/views/sqlite/sqlite.store';`,
      },
    ],
    kept: {
      'src/modules/shop/views/order.view.ts': `
        import { Query } from '@nestjs/cqrs';
        import { ReadModels } from '../../../platform/views/read-models';
        import { orderEvents } from '../domain/order.events';
        import { lineColumns } from './line.view';`,
    },
  },
  {
    says: "modules import the kernel, the platform's public parts and other modules' contracts.ts",
    violations: importsOf(
      ({ path }) => moduleOf(path) !== undefined,
      ({ path }, { file }) =>
        file === undefined ||
        file.startsWith('src/kernel/') ||
        moduleOf(file) === moduleOf(path) ||
        isContractsOf(file, moduleOf(file)) ||
        (SPEC.test(path) ? file.startsWith('src/platform/') : PUBLIC_PLATFORM.includes(file)),
    ),
    broken: [
      { 'src/modules/shop/orders.controller.ts': `import { billView } from '../billing/views/bill.view';` },
      { 'src/modules/shop/orders.controller.ts': `import { encodeEvent } from '../../platform/log/envelope';` },
      { 'src/modules/shop/shop.module.ts': `import { AppModule } from '../../app.module';` },
    ],
    kept: {
      'src/modules/shop/orders.controller.ts': `
        import { Get } from '@nestjs/common';
        import { UuidPipe } from '../../platform/http/uuid.pipe';
        import { billEvents } from '../billing/contracts';
        import { order } from './domain/order.decider';`,
    },
  },
  {
    says: 'the platform and the kernel import no module, and nothing that lists them',
    violations: importsOf(
      ({ path }) => /^src\/(platform|kernel)\//.test(path) && !SPEC.test(path),
      (_source, { file }) => file === undefined || /^src\/(platform|kernel)\//.test(file) || !file.startsWith('src/'),
    ),
    broken: [
      { 'src/platform/feature.ts': `import { valueEvents } from '../modules/calculator/contracts';` },
      { 'src/platform/feature.ts': `import { modules } from '../app.module';` },
    ],
    kept: {
      'src/platform/feature.ts': `import type { View } from '../kernel/view';`,
      'src/platform/commands/batch-decider.spec.ts': `import { value } from '../../modules/calculator/domain/value.decider';`,
    },
  },
];

function isPureImport({ path }: Source, { file, package: name }: Import): boolean {
  if (file === undefined) return packagesFor(path).includes(name ?? '');
  return (
    file.startsWith('src/kernel/') ||
    file.startsWith(`src/modules/${moduleOf(path)}/domain/`) ||
    isContractsOf(file, moduleOf(file))
  );
}

function importsOf(
  concerns: (source: Source) => boolean,
  mayImport: (source: Source, imported: Import) => boolean,
): (tree: SourceTree) => string[] {
  return ({ sources }) =>
    sources
      .filter(concerns)
      .flatMap((source) =>
        source.imports
          .filter((imported) => !mayImport(source, imported))
          .map(({ specifier }) => `${source.path}: imports ${specifier}`),
      );
}
