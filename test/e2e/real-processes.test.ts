import { expect, test } from 'vitest'
import * as z from 'zod'
import { temporaryFolder } from '../../harness/local-product.ts'
import { brokenBy } from './checker.ts'
import { figuresOf } from './figures.ts'
import { runOnce } from './run.ts'

const seed = process.env['E2E_SEED'] ?? String(Date.now())
const seconds = z.coerce
  .number()
  .positive()
  .parse(process.env['E2E_SECONDS'] ?? 12)
/** Starts on a slow machine, and the healing at its longest. */
const AROUND_MS = 240_000

test(
  'clients see one splice a key, and the world one effect a splice, whenever the product is killed',
  { timeout: seconds * 1_000 + AROUND_MS },
  async () => {
    const run = await runOnce({ seed, stormMs: seconds * 1_000, folder: temporaryFolder() })
    process.stdout.write(`E2E_SEED=${seed} E2E_SECONDS=${seconds}: ${JSON.stringify(figuresOf(run))}\n`)
    expect(brokenBy(run.evidence), `E2E_SEED=${seed}`).toEqual([])
    // Otherwise the rules held of a run in which nothing happened.
    expect(run.lives).toBeGreaterThan(1)
    expect(run.evidence.splices.length).toBeGreaterThan(0)
    expect(run.evidence.history.some(({ outcome }) => outcome.type === 'unknown')).toBe(true)
  },
)
