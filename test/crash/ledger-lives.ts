import { describe, expect, test } from 'vitest'
import type { Ports } from '../../core/ports/ports.ts'
import { Killer } from '../../harness/killer.ts'
import { Keeper } from '../../harness/keeper/keeper.ts'
import { MINUTE } from '../../harness/keeper/times.ts'

/** Short waits, so that a whole life takes few calls; nothing is skipped. */
const policy = { quietMs: 60_000, backoffBaseMs: 1_000, dueJitterMs: 0, watchEveryMs: 2 * MINUTE }

/** What happens to a channel, and what the ledger says in the end. */
export type Scenario = {
  readonly name: string
  readonly play: (keeper: Keeper, life: Life) => Promise<(where: string) => Promise<void>>
}

/** What a life can do to itself: start the next process, and keep the chain source from telling who spends an outpoint. */
export type Life = { readonly revive: () => void; blind: boolean }

/** The chain source tells transactions, and while the life is blind not who spends what. */
function blindable(ports: Ports, life: Life): Ports {
  const nodes = [...ports.nodes.values()].map((node) => {
    const spend: typeof node.chain.spend = async (...asked) =>
      life.blind ? { ok: false, error: { class: 'unreachable', message: 'no answer' } } : node.chain.spend(...asked)
    return [node.name, { ...node, chain: { ...node.chain, spend } }] as const
  })
  return { ...ports, nodes: new Map(nodes) }
}

async function live(scenario: Scenario, killer: Killer) {
  const life: Life = { revive: () => killer.revive(), blind: false }
  const wrap = (ports: Ports): Ports => killer.wrap(blindable(ports, life))
  const keeper = new Keeper({ policy, wrap, onCrash: life.revive })
  for (let i = 0; i < 2; i++) await keeper.sweep()
  const before = killer.calls
  const judge = await scenario.play(keeper, life)
  return { judge, before, calls: killer.calls }
}

/** Plays each scenario once for every call of a port, with the process killed there. */
export function describeLedgerCrashes(scenarios: readonly Scenario[]): void {
  describe('a crash while the ledger is written', () => {
    for (const scenario of scenarios) {
      for (const when of ['before', 'after'] as const) {
        test(`${scenario.name}, killed ${when} each call, is one payment and found by every txid`, async () => {
          const whole = await live(scenario, new Killer(Infinity, when))
          await whole.judge('alive')
          expect(whole.calls - whole.before).toBeGreaterThan(10)
          for (let at = whole.before + 1; at <= whole.calls; at++) {
            const { judge } = await live(scenario, new Killer(at, when))
            await judge(`killed ${when} call ${at}`)
          }
        }, 240_000)
      }
    }
  })
}
