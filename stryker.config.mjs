/** Mutation tests of core/, where all decisions about money are made. Results and temporary copies are git-ignored. */
export default {
  mutate: ['core/**/*.ts'],
  plugins: ['@stryker-mutator/vitest-runner', './test/mutation/texts.mjs'],
  ignorers: ['texts'],
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutate.config.ts', related: false },
  coverageAnalysis: 'perTest',
  ignorePatterns: ['/.local', '/.sst', '/coverage', '/reports', '/local', '/functions', '/test/simulation'],
  reporters: ['clear-text', 'json', 'html'],
  clearTextReporter: { logTests: false, reportTests: false, allowColor: false },
  jsonReporter: { fileName: 'reports/mutation/mutation.json' },
  htmlReporter: { fileName: 'reports/mutation/mutation.html' },
  // Keeps a static mutant that survived as it was, whatever tests came since: what judges a release runs with --force.
  incremental: true,
  incrementalFile: 'reports/mutation/incremental.json',
  // Most static mutants are cells of the tables, and die at the first test, which compares the documents with them.
  ignoreStatic: false,
  warnings: { slow: false },
  tempDirName: '.stryker-tmp',
  thresholds: { high: 95, low: 90, break: 90 },
}
