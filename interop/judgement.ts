import type { SpliceKind } from '../core/splice/splice.ts'
import type { ChainSince } from './chain-record.ts'
import type { ChannelRecord } from './node-record.ts'

/** The anti-reorg delay. The service says `settled` only at this depth. */
const FINAL_DEPTH = 6
/** A node may round a splice-in up by an amount that would be dust as change. */
const MOST_ROUNDED_SATS = 330

/** An order, and the status that the service reports for it. */
export type Claim = {
  readonly kind: SpliceKind
  readonly amountSats: number
  /** splice-out: the script of an address that no other transaction pays. */
  readonly script: string | null
  readonly status: string
}

/** What the node and the chain show about a channel since a moment. */
export type Evidence = {
  readonly chain: ChainSince
  readonly channel: ChannelRecord | null
  /** The splices that the node booked since; null if it keeps no such record. */
  readonly booked: readonly string[] | null
}

/** The txids that carry out an order, judged by the chain alone; one entry per occurrence. */
export function effectsOf({ kind, amountSats, script }: Omit<Claim, 'status'>, { chain }: Evidence): string[] {
  if (kind === 'splice_out')
    return chain.transactions.flatMap(({ txid, outputs }) =>
      outputs.flatMap((output) => (output.script === script && output.amountSats === amountSats ? [txid] : [])),
    )
  return chain.fundingHistory.flatMap(({ tx, changeSats }) => {
    const over = (changeSats ?? Number.NaN) - amountSats
    return over >= 0 && over <= MOST_ROUNDED_SATS ? [tx.txid] : []
  })
}

/**
 * Compares what the service claims with the records of the node and the chain. A settled order must have happened in
 * exactly one transaction, which is final, spends the funding and is booked by the node. A failed order must not have
 * happened, and nothing else may have happened to the channel. The node must show the channel open, without pending
 * splices, on the chain's latest funding. Returns the objections; empty if all is correct.
 */
export function objectionsTo(claims: readonly Claim[], evidence: Evidence): string[] {
  const { chain, channel, booked } = evidence
  const explained = claims.flatMap((claim) => effectsOf(claim, evidence))
  const foreign = chain.fundingHistory.filter(({ tx }) => !explained.includes(tx.txid))
  const last = chain.fundingHistory.at(-1)
  const wrong = [
    ...claims.flatMap((claim) => objectionsToOne(claim, evidence)),
    ...foreign.map(({ tx }) => `${tx.txid} spent the funding but belongs to no order`),
  ]
  if (channel === null || !channel.open) wrong.push('the node does not show the channel as open')
  else {
    if (channel.pending.length > 0) wrong.push(`the node shows ${channel.pending.join(', ')} as pending`)
    if (last !== undefined && channel.funding !== last.funding)
      wrong.push(`the node's funding is ${channel.funding ?? 'none'}, the chain's ${last.funding ?? 'none'}`)
  }
  const inChain = chain.fundingHistory.map(({ tx }) => tx.txid)
  if (booked !== null && booked.join() !== inChain.join())
    wrong.push(`the node booked [${booked.join()}], the chain shows [${inChain.join()}]`)
  return wrong
}

function objectionsToOne(claim: Claim, evidence: Evidence): string[] {
  const effects = effectsOf(claim, evidence)
  const what = `${claim.kind} of ${claim.amountSats} sat`
  switch (claim.status) {
    case 'settled': {
      if (effects.length !== 1) return [`${what} is settled, but happened ${effects.length} times`]
      const spend = evidence.chain.fundingHistory.find(({ tx }) => tx.txid === effects[0])
      if (spend === undefined) return [`${what}: ${effects[0] ?? ''} did not spend the funding`]
      return spend.confirmations >= FINAL_DEPTH
        ? []
        : [`${what} is settled with only ${spend.confirmations} confirmations`]
    }
    case 'failed':
    case 'cancelled':
      return effects.length === 0 ? [] : [`${what} is ${claim.status}, but happened: ${effects.join(', ')}`]
    default:
      return [
        `${what} has not ended: ${claim.status}${effects.length > 1 ? `, but happened ${effects.length} times` : ''}`,
      ]
  }
}
