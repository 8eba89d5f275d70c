import type { Splice } from '../../core/splice.ts'
import { hasEnded } from '../../core/transitions.ts'
import { isReleased } from '../../core/slot.ts'
import { MINUTE } from '../support/keeper.ts'
import { brokenBy, sceneOf, telling } from './laws.ts'
import type { Law, Scene } from './laws.ts'
import { effectsOf } from './effects.ts'
import { nameOf } from './laws-of-writes.ts'
import type { Stage } from './stage.ts'

const HOUR = 60 * MINUTE
/** Longer than the longest deadline (a day, after an operator's retry), the quiet after it, and final depth. */
const BOUND_MS = 30 * HOUR
/** How often it is asked whether everything rests; at least so long is always waited for: something may be about to come. */
const SPELL_MS = 30 * MINUTE
const BLOCK_MS = 2 * MINUTE

/** Everything that was broken works again; nothing is repaired that only an operator could repair. */
export function heal(stage: Stage): void {
  const { keeper, world, node } = stage
  stage.faults.lift()
  keeper.store.catchUp()
  node.liftFaults()
  node.connectPeer()
  Object.assign(keeper.chainView, { down: false, blind: false, lagBlocks: 0 })
  world.chain.setRelayRule({ incrementalRelaySatPerVb: 0.1, minRelaySatPerVb: 1 })
  world.chain.setFeeRate(1_000)
  for (const txid of world.toJSON().chain.withheld) world.chain.release(txid)
  for (const { channelId, status } of node.channels())
    if (status !== 'closed') node.setPeerLocks(channelId, true)
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

/** What must have come about once nothing has failed for long (P1, P7). */
export const lawsOfRest: Readonly<Record<string, Law>> = {
  'every splice comes to an end': ({ splices }) =>
    telling(splices, (splice) =>
      isAtEnd(splice) ? null : `still ${splice.state}, waiting for ${splice.waitingFor?.code ?? 'nothing'}`,
    ),
  'an end is true in the end': ({ splices, journal, operated }) =>
    telling(splices, (splice) => {
      if (!hasEnded(splice.state) || operated.has(splice.id)) return null
      const effects = effectsOf(splice, journal)
      return effects === (splice.state === 'settled' ? 1 : 0)
        ? null
        : `${splice.state}, but ${effects} effects`
    }),
  'every outcome is told': ({ splices, log }) =>
    telling(splices, ({ id, state, epoch, publishedThrough, eventSerial }) => {
      if (publishedThrough < eventSerial) return `${eventSerial - publishedThrough} events are not published`
      const told = log.some(
        (line) => line.spliceId === id && line.epoch === epoch && line.type === `splice.${state}`,
      )
      return told || !hasEnded(state) ? null : `${state} was not told in epoch ${epoch}`
    }),
  'slots are empty or held by something live': (scene) =>
    [...scene.slots.values()].flatMap(({ holder }) =>
      holder === null || isHolding(scene, holder) ? [] : [`held by ${nameOf(holder)}`],
    ),
  'no fee bump stays open': ({ splices }) =>
    telling(splices, ({ state, bumps }) =>
      bumps.some(({ outcome }) => outcome === null) && state !== 'needs_attention'
        ? `open in ${state}`
        : null,
    ),
}

function isAtEnd({ state }: Splice): boolean {
  return hasEnded(state) || state === 'needs_attention'
}

function isHolding({ splices }: Scene, id: string): boolean {
  return !isReleased(splices.find((splice) => splice.id === id) ?? null)
}
