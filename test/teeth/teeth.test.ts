import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { describe, expect, test } from 'vitest'
import { BugOutdated, filesOf, planted, type Bug } from './bug.ts'
import { beyond, bugNamed, bugs } from './bugs.ts'
import { hunted } from './catch.ts'
import { pathOf } from './planting.ts'

const FAST_MS = 60_000
/** One that money laws catch in the first seeds. */
const CAUGHT_AT_ONCE = 'settled-at-one-confirmation'
const ITS_LAW = 'settled only at final depth, with the channel moved to it'
const FIRST_SEEDS = 10

const sourceOf = (file: string): string => readFileSync(pathOf(file), 'utf8')

const lost: Bug = {
  name: 'lost',
  why: 'its text has gone',
  replacements: [{ file: 'core/decision/gates.ts', find: 'a text that stands nowhere', replace: '' }],
}

describe('the list', () => {
  test('names each bug once', () => {
    expect(new Set(bugs.map(({ name }) => name)).size).toBe(bugs.length)
    for (const { name } of bugs) expect(beyond[name]).toBeUndefined()
  })

  const all = [...bugs, ...Object.keys(beyond).map(bugNamed)]
  test.each(all)('$name: its text stands once in each file, and what is put there can be read', (bug) => {
    for (const file of filesOf(bug)) {
      const source = sourceOf(file)
      const changed = planted(bug, file, source)
      expect(changed).not.toBe(source)
      expect(() => stripTypeScriptTypes(changed)).not.toThrow()
    }
  })

  test('a bug whose text is missing is refused', () => {
    expect(() => planted(lost, 'core/decision/gates.ts', sourceOf('core/decision/gates.ts'))).toThrow(BugOutdated)
  })

  test('a bug whose text stands there twice is refused', () => {
    const twice = {
      ...lost,
      replacements: [{ file: 'core/decision/gates.ts', find: 'shut', replace: 'open' }],
    }
    expect(() => planted(twice, 'core/decision/gates.ts', sourceOf('core/decision/gates.ts'))).toThrow(BugOutdated)
  })

  test('no bug has a name that is not in the list', () => {
    expect(() => bugNamed('none')).toThrow('no bug none')
  })
})

describe('planting', () => {
  test(
    'a bug is caught by one of the first seeds, and the same seed holds without it',
    { timeout: FAST_MS },
    async () => {
      const { seed, law } = await hunted({ bug: CAUGHT_AT_ONCE, from: 1, seeds: FIRST_SEEDS })
      expect(law).toBe(ITS_LAW)
      expect(seed).not.toBeNull()
      expect(await hunted({ bug: null, from: seed ?? 0, seeds: 1 })).toEqual({
        seed: null,
        law: null,
        detail: null,
      })
    },
  )

  test('a process that cannot plant its bug says so', { timeout: FAST_MS }, async () => {
    await expect(hunted({ bug: 'none', from: 1, seeds: 1 })).rejects.toThrow('no bug none')
  })
})
