import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'

// A process that a test starts loads the product from code that is compiled already.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url))

/** Suites that start processes, servers or a browser, or watch their own process. */
const processes = ['bench', 'browser', 'cli', 'e2e', 'interop', 'local', 'relay', 'stacks', 'teeth']
const inProcesses = processes.map((suite) => `test/${suite}/**/*.test.ts`)
/** They put modules of their own in the place of the product's. */
const mocking = ['test/functions/{handlers,runtime}.test.ts', 'test/fuzz/messages.test.ts']
/** Minutes by themselves: `npm run test:long`. */
const long = ['test/crash/**', 'test/interop/command.test.ts']

/** Suites within one process share the modules that they load; each of the others gets a process of its own. */
export default defineConfig({
  test: {
    // Half the processors stay free by default; most of the time here is spent in single files.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...inProcesses, ...mocking, ...long],
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'isolated',
          include: [...inProcesses, ...mocking],
          exclude: [...configDefaults.exclude, ...long],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
