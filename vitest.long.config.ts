import { defineConfig } from 'vitest/config'

/** What takes minutes by itself: whole lives, once for each call at which a process can die. */
export default defineConfig({
  test: {
    include: ['test/crash/**/*.test.ts'],
    maxWorkers: '100%',
    isolate: false,
    hookTimeout: 60_000,
  },
})
