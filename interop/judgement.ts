import type { SpliceKind } from '../core/splice/splice.ts'
import type { ChainSince } from './chain-record.ts'
import type { ChannelRecord } from './node-record.ts'

/** The anti-reorg delay: `settled` claims no less. */
const FINAL_DEPTH = 6
/** A node may round a splice-in up by what would be a dust change. */
const MOST_ROUNDED_SATS = 330

/** An order as it was given, and what the service says became of it. */
export type Claim = {
  readonly kind: SpliceKind
  readonly amountSats: number
  /** splice-out: the script of an address that nothing else is paid to. */
  readonly script: string | null
  readonly status: string
}

/** What node and chain say of a channel since a moment. */
export type Evidence = {
  readonly chain: ChainSince
  readonly channel: ChannelRecord | null
  /** What the node booked since; null: it keeps no such record. */
  readonly booked: readonly string[] | null
}

/** Txids with the effect of an order, by the chain alone, as often as they have it. */
export function effectsOf(
  { kind, amountSats, script }: Omit<Claim, 'status'>,
  { chain }: Evidence,
): string[] {
  if (kind === 'splice_out')
    return chain.transactions.flatMap(({ txid, outputs }) =>
      outputs.flatMap((output) =>
        output.script === script && output.amountSats === amountSats ? [txid] : [],
      ),
    )
  return chain.fundingHistory.flatMap(({ tx, changeSats }) => {
    const over = (changeSats ?? Number.NaN) - amountSats
    return over >= 0 && over <= MOST_ROUNDED_SATS ? [tx.txid] : []
  })
}

/**
 * What is wrong with what the service claims, by the node's and the chain's records: of what settled exactly one transaction has the
 * effect, deep in the chain, booked by the node and under its funding; of what failed there is none; and nothing else happened
 * to the channel. Empty: all is true.
 */
export function objectionsTo(claims: readonly Claim[], evidence: Evidence): string[] {
  const { chain, channel, booked } = evidence
  const explained = claims.flatMap((claim) => effectsOf(claim, evidence))
  const foreign = chain.fundingHistory.filter(({ tx }) => !explained.includes(tx.txid))
  const last = chain.fundingHistory.at(-1)
  const wrong = [
    ...claims.flatMap((claim) => objectionsToOne(claim, evidence)),
    ...foreign.map(({ tx }) => `${tx.txid} spent the funding and belongs to no order`),
  ]
  if (channel === null || !channel.open) wrong.push('the node does not show the channel as open')
  else {
    if (channel.pending.length > 0) wrong.push(`the node shows ${channel.pending.join(', ')} as pending`)
    if (last !== undefined && channel.funding !== last.funding)
      wrong.push(`the node's funding is ${channel.funding ?? 'none'}, the chain's ${last.funding ?? 'none'}`)
  }
  const deep = chain.fundingHistory.map(({ tx }) => tx.txid)
  if (booked !== null && booked.join() !== deep.join())
    wrong.push(`the node booked [${booked.join()}], the chain shows [${deep.join()}]`)
  return wrong
}

function objectionsToOne(claim: Claim, evidence: Evidence): string[] {
  const effects = effectsOf(claim, evidence)
  const what = `${claim.kind} of ${claim.amountSats} sat`
  switch (claim.status) {
    case 'settled': {
      if (effects.length !== 1) return [`${what} is settled, and happened ${effects.length} times`]
      const spend = evidence.chain.fundingHistory.find(({ tx }) => tx.txid === effects[0])
      if (spend === undefined) return [`${what}: ${effects[0] ?? ''} did not spend the funding`]
      return spend.confirmations >= FINAL_DEPTH
        ? []
        : [`${what} is settled with ${spend.confirmations} confirmations`]
    }
    case 'failed':
    case 'cancelled':
      return effects.length === 0 ? [] : [`${what} is ${claim.status}, and happened: ${effects.join(', ')}`]
    default:
      return [
        `${what} has not ended: ${claim.status}${effects.length > 1 ? `, and happened ${effects.length} times` : ''}`,
      ]
  }
}
