import { defineConfig } from 'vitest/config'
import type { TestSpecification } from 'vitest/node'
import { BaseSequencer } from 'vitest/node'

/** A mutant is done at its first failing test: the generated documents come first, then single behaviours, whole lives last. */
const ORDER = [/test\/tree/, /test\/(core\/(?!chain\/funding-history)|fee-bumps)/, /test\/core/]

class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = ORDER.findIndex((pattern) => pattern.test(moduleId))
      return place === -1 ? ORDER.length : place
    }
    return files.toSorted((a, b) => rank(a) - rank(b) || a.moduleId.localeCompare(b.moduleId))
  }
}

/** The tests that judge `core/` quickly enough to run again for each of its mutants. */
export default defineConfig({
  test: {
    include: [
      'test/core/**/*.test.ts',
      'test/fee-bumps/{answers,attempts,drive,ends,gates,quiet,replacement,request,rules,rules-by-policy,submit,superseded}.test.ts',
      'test/tree/generated-docs.test.ts',
      'test/scenarios/{fees,rebroadcast,rest}.test.ts',
    ],
    // They walk hundreds of thousands of cells, for seconds: too slow to run again for each mutant.
    exclude: ['test/core/decision/model.test.ts', 'test/fee-bumps/laws.test.ts'],
    // One process loads core once for all files of a run; every run starts a new one.
    isolate: false,
    sequence: { sequencer: QuickFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
