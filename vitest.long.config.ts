import { defineConfig } from 'vitest/config'

/** What takes minutes by itself: whole lives, once for each call at which a process can die, and whole runs of interop. */
export default defineConfig({
  test: {
    include: ['test/crash/**/*.test.ts', 'test/interop/command.test.ts'],
    maxWorkers: '100%',
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
