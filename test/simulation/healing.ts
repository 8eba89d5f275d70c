import { HOUR, MINUTE } from '../../harness/keeper/times.ts'
import { clearSources } from './chain-actions.ts'
import { brokenBy, sceneOf } from './laws.ts'
import { lawsOfRest } from './laws-of-rest.ts'
import type { Stage } from './stage.ts'

/** Longer than the longest deadline (a day, after an operator's retry), the quiet after it, and final depth. */
const BOUND_MS = 30 * HOUR
/** How often it is asked whether everything rests; at least so long is always waited for: something may be about to come. */
const SPELL_MS = 30 * MINUTE
const BLOCK_MS = 2 * MINUTE
const CALM_MS = 12 * MINUTE

/** Everything that was broken works again; nothing is repaired that only an operator could repair. */
export function heal(stage: Stage): void {
  const { keeper, world, node } = stage
  stage.faults.lift()
  stage.invocations.lift()
  keeper.store.catchUp()
  node.liftFaults()
  if (node.behaviour.broadcasts === 'never') {
    node.behaviour.broadcasts = 'always'
    node.restart()
  }
  node.connectPeer()
  clearSources(stage)
  world.chain.setRelayRule({ incrementalRelaySatPerVb: 0.1, minRelaySatPerVb: 1 })
  world.chain.setFeeRate(1_000)
  for (const txid of world.toJSON().chain.withheld) world.chain.release(txid)
  for (const { channelId, status } of node.channels()) if (status !== 'closed') node.setPeerLocks(channelId, true)
}

/** Lets the healed world stand still for as long as the product needs to see all of it. */
export function lookAround(stage: Stage): Promise<void> {
  return stage.keeper.run(CALM_MS)
}

/** Lets the healed world go on, with blocks, until everything has come to rest; at most for the bound. */
export async function settleDown(stage: Stage): Promise<void> {
  for (let passed = 0; passed < BOUND_MS; passed += SPELL_MS) {
    await stage.keeper.run(SPELL_MS, { blockMs: BLOCK_MS })
    const { violations } = stage.witness
    if (violations.length > 0) return
    if (brokenBy(await sceneOf(stage), lawsOfRest).length === 0) return
  }
}
