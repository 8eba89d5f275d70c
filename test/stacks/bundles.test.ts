import { beforeAll, describe, expect, test } from 'vitest'
import { bundleOf, type Bundle } from '../../bench/bundles.ts'
import { wiring, type FunctionName } from '../../functions/wiring.ts'

const KIB = 1024
/**
 * Of minified text, without the SDK and the languages of zod. docs/operations.md, "Bundles", says what is over the 700 KiB for the
 * API and 600 for the others that were aimed at.
 */
const BUDGET_KIB: Readonly<Record<FunctionName, number>> = {
  api: 950,
  work: 680,
  nodeEvents: 680,
  webhooks: 680,
  reconcile: 680,
}
/** The SDK is in the bundle, in the version that was tested. */
const SDK_BUDGET_KIB = 400
const LOCALE_BUDGET_KIB = 270

const names = ['api', 'work', 'nodeEvents', 'webhooks', 'reconcile'] as const
const bundles = new Map<FunctionName, Bundle>()

const bundle = (name: FunctionName): Bundle => {
  const found = bundles.get(name)
  if (found === undefined) throw new Error(`${name} was not bundled`)
  return found
}

beforeAll(async () => {
  for (const name of names) bundles.set(name, await bundleOf(name))
})

describe.each(names)('the bundle of %s', (name) => {
  test('exports the handler that is deployed', () => {
    expect(bundle(name).exports).toContain(wiring.functions[name].handler.split('.').at(-1))
  })

  test('keeps its budget', () => {
    const { bytes, sdkBytes, localeBytes } = bundle(name)
    expect((bytes - sdkBytes - localeBytes) / KIB).toBeLessThan(BUDGET_KIB[name])
    expect(sdkBytes / KIB).toBeLessThan(SDK_BUDGET_KIB)
    expect(localeBytes / KIB).toBeLessThan(LOCALE_BUDGET_KIB)
  })

  test('has nothing in it that belongs to one machine or to tests', () => {
    const strange = /^(local|test|bench|stacks|simulator)\/|adapters\/(store|queue)\/memory|dynalite|fauxqs/
    expect(bundle(name).inputs.filter((input) => strange.test(input))).toEqual([])
  })
})
