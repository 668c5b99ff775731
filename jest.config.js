const e2e = require('./test/jest-e2e.json');

/**
 * `npm test` runs all projects. `TEST_MODES=embedded` starts no server and leaves out the files that are about one: those with `kafka` or
 * `postgres` in their path; the other files repeat their tests for each mode (test/support/modes.ts).
 */
const needsServers = ['<rootDir>/(src|scripts|test)/.*(kafka|postgres).*\\.(int|e2e|fault)-spec\\.ts$'];
const hasServers = (process.env.TEST_MODES ?? 'embedded,kafka').includes('kafka');

const common = {
  rootDir: __dirname,
  moduleFileExtensions: e2e.moduleFileExtensions,
  transform: e2e.transform,
  testEnvironment: e2e.testEnvironment,
  testPathIgnorePatterns: ['/node_modules/'],
};

const withServers = {
  globalSetup: '<rootDir>/test/support/start-servers.ts',
  globalTeardown: e2e.globalTeardown,
  testPathIgnorePatterns: ['/node_modules/', ...(hasServers ? [] : needsServers)],
};

/** @type {import('jest').Config} */
module.exports = {
  maxWorkers: 2,
  testTimeout: 60_000,
  reporters: ['default', '<rootDir>/test/support/summary-reporter.js'],
  collectCoverageFrom: ['src/**/*.ts', '!src/**/*.contract.ts'],
  coverageDirectory: 'coverage',
  watchman: false,
  projects: [
    {
      ...common,
      displayName: 'unit',
      roots: ['<rootDir>/src', '<rootDir>/scripts', '<rootDir>/test'],
      testMatch: ['**/*.spec.ts'],
    },
    {
      ...common,
      ...withServers,
      displayName: 'int',
      roots: ['<rootDir>/src', '<rootDir>/scripts'],
      testMatch: ['**/!(*.faults).int-spec.ts'],
    },
    { ...common, ...e2e, rootDir: __dirname, testPathIgnorePatterns: withServers.testPathIgnorePatterns },
    {
      ...common,
      ...withServers,
      displayName: 'faults',
      roots: ['<rootDir>/src', '<rootDir>/test'],
      testMatch: ['**/*.fault-spec.ts', '**/*.faults.int-spec.ts'],
      globalSetup: e2e.globalSetup,
      setupFilesAfterEnv: ['<rootDir>/test/support/fault-timeout.ts'],
    },
  ],
};
