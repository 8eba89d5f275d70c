import { defineConfig } from 'vitest/config'

const limits = { testTimeout: 30_000, hookTimeout: 60_000 }

/** They replace modules of the product, so each needs modules of its own. */
const mocking = ['test/functions/{handlers,runtime}.test.ts', 'test/fuzz/messages.test.ts']
/** They start processes, servers or a browser. */
const processes = ['bench', 'browser', 'cli', 'e2e', 'interop', 'local', 'relay', 'simulation', 'stacks', 'teeth']
/** Too long to wait for after each change: `npm run test:long`. */
const long: string[] = []

export default defineConfig({
  test: {
    // Half the processors stay free by default; most of the time here is spent in single files.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'pure',
          include: ['test/**/*.test.ts'],
          exclude: [...processes.map((folder) => `test/${folder}/**`), ...mocking, ...long],
          // Loading the product again for each file takes as long as the tests.
          isolate: false,
          ...limits,
        },
      },
      {
        test: {
          name: 'processes',
          include: [...processes.map((folder) => `test/${folder}/**/*.test.ts`), ...mocking],
          ...limits,
        },
      },
    ],
  },
})
