import { readFileSync } from 'node:fs'
import { worldFrom, type JournalEntry, type World } from '../../simulator/world/world.ts'
import { pathsIn } from '../../local/settings.ts'

/** A transaction that is in the best chain or in the mempool. */
export type Effective = {
  readonly txid: string
  readonly confirmed: boolean
  readonly outputs: readonly { readonly script: string; readonly amountSats: number }[]
  /** What our node signed: on which channel, what our side has more of by it, whether a contribution of ours is in it; null: not by it. */
  readonly signed: {
    readonly channelId: string
    readonly oursNetSats: number
    readonly contributes: boolean
  } | null
}

/** A splice request that reached the node. */
export type Received = {
  readonly channelId: string | null
  readonly kind: string
  readonly amountSats: number
  /** How often the node executed and took it. */
  readonly taken: number
}

/** What really happened, as the world itself tells it: nothing in it comes from the product. */
export type Account = {
  readonly transactions: readonly Effective[]
  readonly requests: readonly Received[]
}

/** The account of the world that a product which has ended left in its data directory. */
export function accountIn(folder: string): Account {
  const world = worldFrom(JSON.parse(readFileSync(pathsIn(folder).world, 'utf8')))
  return { transactions: transactionsOf(world), requests: requestsOf(world.journal.entries) }
}

function transactionsOf({ chain, journal }: World): Effective[] {
  const signings = new Map(
    journal.entries.flatMap((entry) =>
      entry.type === 'candidate_signed' && entry.txid !== null && entry.channelId !== null
        ? [[entry.txid, { entry, channelId: entry.channelId }] as const]
        : [],
    ),
  )
  return chain.transactions().map(({ txid, block, outputs }) => {
    const signing = signings.get(txid)
    return {
      txid,
      confirmed: block !== null,
      outputs: outputs.map(({ script, amountSats }) => ({ script, amountSats })),
      signed: signing
        ? {
            channelId: signing.channelId,
            oursNetSats: Number(signing.entry.detail['oursNetSats']),
            contributes: signing.entry.detail['contribution'] !== null,
          }
        : null,
    }
  })
}

function requestsOf(entries: readonly JournalEntry[]): Received[] {
  const taken = entries.filter(({ type, detail }) => type === 'request_executed' && detail['outcome'] === 'taken')
  return entries
    .filter(({ type, detail }) => type === 'request_received' && detail['method'] !== 'bump')
    .map(({ serial, channelId, detail }) => ({
      channelId,
      kind: String(detail['method']),
      amountSats: Number(detail['amountSats']),
      taken: taken.filter((executed) => executed.detail['request'] === serial).length,
    }))
}
