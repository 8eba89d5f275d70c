import type { Splice } from '../../core/splice/splice.ts'
import { isReleased } from '../../core/drive/lease.ts'
import { hasEnded } from '../../core/splice/transitions.ts'
import { effectiveTxids, payouts } from './effects.ts'
import { FINAL_DEPTH, follows } from './funding.ts'
import { isTrue, telling, type Law, type Scene } from './laws.ts'
import { isStandIn, nameOf } from './laws-of-writes.ts'

const UNATTRIBUTED: readonly string[] = ['attribution', 'unproven']
const REORGANISED = 'a settled splice was reorganised out'

const IN_A_BLOCK: readonly Splice['state'][] = ['confirmed', 'settled']

/** What must have been seen once everything can be seen, and nothing moves. */
export const lawsOfCalm: Readonly<Record<string, Law>> = {
  'what is told to be in a block is in one': ({ splices, stage }) =>
    telling(splices, (splice) => {
      if (!IN_A_BLOCK.includes(splice.state)) return null
      const depths = splice.candidates.map(({ txid }) => stage.world.chain.confirmations(txid) ?? 0)
      return Math.max(0, ...depths) > 0 ? null : `${splice.state}, but no candidate is in a block`
    }),
  'what waits and left the mempool is sent again': ({ splices, stage }) =>
    telling(splices, (splice) => (splice.state === 'pending' ? owedBroadcast(splice, stage) : null)),
  'what was journalled was sent, and its answer is kept': ({ splices, stage }) =>
    isUndisturbed(stage.profile)
      ? telling(splices, ({ attempts }) => {
          const { commanded, answered } = stage.memory
          const kept = attempts.filter(({ id }) => !isStandIn(id))
          if (kept.some(({ id }) => !commanded.has(id))) return 'an attempt was never sent'
          return kept.some(({ id, result }) => result === null && answered.has(id)) ? 'an answer was lost' : null
        })
      : [],
  'a channel is frozen as long as there is a cause': ({ splices, leases, stage }) =>
    telling(splices, ({ channelId, anomaly, epoch, state }) => {
      const isCause = anomaly !== null || (epoch > 0 && !hasEnded(state))
      if (!isCause || stage.memory.tableRestored) return null
      return leases.get(channelId)?.frozen ? null : 'its channel is not frozen'
    }),
  'what is in a block is told to be': ({ splices, stage }) =>
    telling(splices, ({ state, candidates }) => {
      const depths = candidates.map(({ txid }) => stage.world.chain.confirmations(txid) ?? 0)
      return state === 'pending' && Math.max(0, ...depths) > 0 ? 'it is pending' : null
    }),
}

/** What must have come about once nothing has failed for long (P1, P4, P7). */
export const lawsOfRest: Readonly<Record<string, Law>> = {
  'every splice comes to an end': ({ splices }) =>
    telling(splices, (splice) =>
      isAtEnd(splice) ? null : `still ${splice.state}, waiting for ${splice.waitingFor?.code ?? 'nothing'}`,
    ),
  'an end is true in the end': ({ splices, stage }) =>
    telling(splices, (splice) => (stage.memory.twins.has(splice.id) ? null : isTrue(splice, stage))),
  'attention is not asked for what is proven': ({ splices, stage }) =>
    telling(splices, (splice) => {
      if (splice.state !== 'needs_attention' || stage.memory.twins.has(splice.id)) return null
      const code = splice.attention?.code ?? ''
      // Where the peer's part of a round hides the change of capacity, a splice-in is not attributed.
      if (splice.kind === 'splice_in' && UNATTRIBUTED.includes(code)) return null
      // What was made after a backup of the table has no attempt that it could be attributed to.
      if (stage.memory.tableRestored && (code === 'restored' || code === 'attribution')) return null
      const [txid] = effectiveTxids(splice, stage)
      if (txid === undefined || (stage.world.chain.confirmations(txid) ?? 0) < FINAL_DEPTH) return null
      return follows(splice.channelId, txid, stage) ? `${splice.attention?.code}, but it is final` : null
    }),
  'what was seen and is still valid is sent again': ({ splices, stage }) =>
    telling(splices, (splice) => {
      return splice.attention?.code === 'unseen' ? owedBroadcast(splice, stage) : null
    }),
  'a queue names live splices only, and a holder that is live': ({ splices, leases }) =>
    [...leases.values()].flatMap(({ holder, queue }) => {
      const ended = new Set(
        splices.filter((splice) => hasEnded(splice.state) && isReleased(splice)).map(({ id }) => id),
      )
      const named = [...queue.map(({ id }) => id), ...(holder === null ? [] : [holder])]
      return named.filter((id) => ended.has(id)).map((id) => `${nameOf(id)} has ended`)
    }),
  'a freeze ends with the reorg that it was for': ({ splices, leases }) =>
    [...leases].flatMap(([channelId, { frozen }]) =>
      frozen?.cause === REORGANISED &&
      splices.every((splice) => splice.channelId !== channelId || (hasEnded(splice.state) && splice.anomaly === null))
        ? [`${channelId.slice(0, 6)} is frozen`]
        : [],
    ),
  'a patient splice settles': ({ splices, stage }) =>
    stage.profile.theme === 'patient'
      ? telling(splices, (splice) => (isExcused(splice, stage) ? null : `${splice.state}: ${whyOf(splice)}`))
      : [],
  'what was paid out is what settled': ({ splices, stage }) => {
    if (stage.memory.twins.size > 0 || stage.memory.tableRestored) return []
    const paidSats = sum(payouts(stage.world).map(({ amountSats }) => amountSats))
    const outs = splices.filter(({ kind }) => kind === 'splice_out')
    const settled = outs.filter(({ state }) => state === 'settled')
    // Final, but the channel does not move to it, is what nobody but an operator can decide.
    const attended = outs.filter(
      (splice) => splice.state === 'needs_attention' && effectiveTxids(splice, stage).length > 0,
    )
    const countedSats = sum([...settled, ...attended].map(({ amountSats }) => amountSats))
    return paidSats === countedSats ? [] : [`${paidSats} sat were paid, ${countedSats} are accounted for`]
  },
  'the payment is the transaction': ({ splices, stage }) =>
    telling(splices, (splice) => {
      if (splice.state !== 'settled' || stage.memory.twins.has(splice.id)) return null
      const confirmed = splice.candidates.filter(({ block }) => block !== null)
      const [candidate] = confirmed
      if (candidate === undefined || confirmed.length > 1) return `${confirmed.length} candidates are in a block`
      const transaction = stage.world.chain.transaction(candidate.txid)
      if (transaction?.block?.hash !== candidate.block?.hash) return 'it is in another block'
      return candidate.feeSats === null || candidate.feeSats === transaction?.feeSats
        ? null
        : `its fee is ${transaction?.feeSats}, not ${candidate.feeSats} sat`
    }),
  'every outcome is told': ({ splices, log }) =>
    telling(splices, ({ id, state, epoch, publishedThrough, eventSerial }) => {
      if (publishedThrough < eventSerial) return `${eventSerial - publishedThrough} events are not published`
      const told = log.some((line) => line.spliceId === id && line.epoch === epoch && line.type === `splice.${state}`)
      return told || !hasEnded(state) ? null : `${state} was not told in epoch ${epoch}`
    }),
  'leases are empty or held by something live': (scene) =>
    [...scene.leases.values()].flatMap(({ holder }) =>
      holder === null || isHolding(scene, holder) ? [] : [`held by ${nameOf(holder)}`],
    ),
  'no fee bump stays open': ({ splices }) =>
    telling(splices, ({ state, bumps }) =>
      bumps.some(({ outcome }) => outcome === null) && state !== 'needs_attention' ? `open in ${state}` : null,
    ),
}

/** A transaction of a splice that nobody shows, although the network takes it. */
function owedBroadcast({ channelId, candidates }: Splice, { node, world }: Scene['stage']): string | null {
  const ours = candidates.map(({ txid }) => txid)
  if (ours.some((txid) => world.chain.transaction(txid) !== null)) return null
  const signed = node.channel(channelId).candidates.filter(({ funding }) => ours.includes(funding.txid))
  return signed.some(({ funding }) => world.chain.broadcast(funding.hex) === null) ? 'the network takes it' : null
}

/** Whether nothing keeps a function from ending what it began. */
function isUndisturbed({ functions, rates, sideBySide }: Scene['stage']['profile']): boolean {
  const { throttle, no_response } = rates.store
  return functions.death + functions.pause + throttle + no_response === 0 && !sideBySide
}

function isAtEnd({ state }: Splice): boolean {
  return hasEnded(state) || state === 'needs_attention'
}

/** What a patient splice may end as besides settled: by its client's or an operator's word, or refused for good. */
function isExcused(splice: Splice, { memory }: Scene['stage']): boolean {
  return splice.state === 'settled' || splice.cancelRequestedAt !== null || memory.operated.has(splice.id)
}

function whyOf({ attention, failure, waitingFor }: Splice): string {
  return failure?.code ?? attention?.code ?? waitingFor?.code ?? 'nothing'
}

function isHolding({ splices }: Scene, id: string): boolean {
  return !isReleased(splices.find((splice) => splice.id === id) ?? null)
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0)
}
