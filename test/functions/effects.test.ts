import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isDuplicate } from '../../core/accept/accept-splice.ts'
import { spliceIdOf } from '../../core/splice/ids.ts'
import { SpliceKind, SpliceState, type Splice } from '../../core/splice/splice.ts'
import { knownEffects } from '../../functions/api/effects.ts'
import { aSplice } from '../../harness/records/splices.ts'
import { aSpliceId } from '../../harness/values.ts'
import { aBody } from '../../harness/api/values.ts'
import { aWorld } from '../../harness/api/world.ts'
import { order } from '../../harness/api/request.ts'

const scripts = [null, '0014aa', '0014bb'] as const
const anEffect = (n: number) =>
  fc.record({
    id: fc.constant(aSpliceId(n)),
    kind: fc.constantFrom(...SpliceKind.options),
    amountSats: fc.constantFrom(1_000, 2_000),
    script: fc.constantFrom(...scripts),
  })

describe('what is known of splices that never changes', () => {
  test('rules out none that is a duplicate, whatever becomes of it', () => {
    fc.assert(
      fc.property(
        anEffect(1),
        anEffect(2),
        fc.constantFrom(...SpliceState.options),
        fc.constantFrom(...scripts),
        (draft, other, state, given) => {
          const effects = knownEffects()
          effects.note(aSplice(other))
          // A script is given later, and only where there was none.
          const later = aSplice({ ...other, state, script: other.script ?? given })
          if (isDuplicate(aSplice(draft), later)) expect(effects.ruleOut(other.id, aSplice(draft))).toBe(false)
        },
      ),
    )
  })

  test('rules out another amount, another kind and another script', () => {
    const known = aSplice({ id: aSpliceId(1), script: '0014aa', amountSats: 1_000, kind: 'splice_out' })
    const effects = knownEffects()
    effects.note(known)
    const rulesOut = (change: Partial<Splice>) => effects.ruleOut(known.id, aSplice({ ...known, ...change }))
    expect(rulesOut({ amountSats: 1_001 })).toBe(true)
    expect(rulesOut({ kind: 'splice_in' })).toBe(true)
    expect(rulesOut({ script: '0014bb' })).toBe(true)
    expect(rulesOut({})).toBe(false)
  })

  test('rules out none that it does not know, nor one that it has forgotten', () => {
    const effects = knownEffects(1)
    const draft = aSplice({ amountSats: 7_000 })
    expect(effects.ruleOut(aSpliceId(1), draft)).toBe(false)
    effects.note(aSplice({ id: aSpliceId(1), amountSats: 1_000 }))
    expect(effects.ruleOut(aSpliceId(1), draft)).toBe(true)
    effects.note(aSplice({ id: aSpliceId(2), amountSats: 1_000 }))
    expect(effects.ruleOut(aSpliceId(1), draft)).toBe(false)
  })
})

describe('an order on a channel that has had others', () => {
  /** Orders one after the other; answers their statuses and the splices that were read for each. */
  async function ordered(bodies: readonly object[]) {
    let read: string[] = []
    const world = await aWorld({
      before: (operation) => {
        if (operation.type === 'getMany') read.push(...operation.keys.map(({ pk }) => pk))
        return null
      },
    })
    const seen = []
    for (const [n, body] of bodies.entries()) {
      read = []
      const { status } = await order(world, `order-${n}`, { ...aBody, ...body })
      seen.push({ status, read })
    }
    return { world, seen }
  }
  const pkOf = (n: number): string => `SPL#${spliceIdOf('acme', `order-${n}`)}`

  test('reads none of those that this process knows to differ', async () => {
    const { seen } = await ordered([{ amountSats: 1_000 }, { amountSats: 2_000 }, { amountSats: 3_000 }])
    expect(seen).toEqual(Array(3).fill({ status: 202, read: [] }))
  })

  test('reads the one that may be its duplicate, and is refused', async () => {
    const { seen } = await ordered([{ amountSats: 1_000 }, { amountSats: 2_000 }, { amountSats: 1_000 }])
    expect(seen.at(-1)).toEqual({ status: 409, read: [pkOf(0)] })
  })

  test('reads one without an address each time, and is refused once the node gave it this one', async () => {
    const { world, seen } = await ordered([{ address: undefined }, {}])
    expect(seen.at(-1)).toEqual({ status: 202, read: [pkOf(0)] })
    const [first, second] = await Promise.all([0, 1].map((n) => world.store.load(pkOf(n).slice(4))))
    if (!first || !second) throw new Error('they were accepted')
    await world.store.save({ ...second, state: 'cancelled', publishedThrough: 1, dueAt: null })
    await world.store.save({ ...first, address: second.address, script: second.script })
    expect((await order(world, 'order-2')).status).toBe(409)
  })
})
