import { Block } from 'bitcoinjs-lib'
import * as z from 'zod'
import { bitcoindRpc, type RpcConfig } from '../adapters/chain/bitcoind/rpc.ts'
import { outpointOf, splitOutpoint, type Outpoint } from '../core/bitcoin/outpoint.ts'
import { parseTransaction, type ParsedTransaction } from '../core/bitcoin/transaction.ts'

const CALL_MS = 20_000
const SATS_PER_BTC = 100_000_000
/** A P2WSH script: what funds a channel in every protocol that splices today. */
const FUNDING_SCRIPT = /^0020[0-9a-f]{64}$/

export type FundingSpend = {
  readonly tx: ParsedTransaction
  /** 0 in the mempool. */
  readonly confirmations: number
  /** The new funding outpoint; null if the transaction closed the channel. */
  readonly funding: Outpoint | null
  /** The change of the channel's capacity; negative if it shrank. */
  readonly changeSats: number | null
}

/** What happened to a channel since a moment, read from every block and the mempool. */
export type ChainSince = {
  readonly fundingHistory: readonly FundingSpend[]
  /** All transactions in blocks since then, and the unconfirmed ones of the funding history. */
  readonly transactions: readonly ParsedTransaction[]
}

/** A block height, and the funding outpoint and capacity of the channel at that height. */
export type Moment = {
  readonly height: number
  readonly submittedOn: Outpoint
  readonly capacitySats: number
}

/** Bitcoin Core's own record, read without the service's adapter: every block, without hints or a cache. */
export interface ChainRecord {
  height(): Promise<number>
  /** The value of an output; null if it does not exist or is spent, in the chain or the mempool. */
  unspentSats(outpoint: Outpoint): Promise<number | null>
  since(moment: Moment): Promise<ChainSince>
}

const TxOut = z.object({ value: z.number() }).nullable()
const Spenders = z.tuple([z.object({ spendingtxid: z.string().optional() })])

export function chainRecord(config: RpcConfig): ChainRecord {
  const rpc = bitcoindRpc(config)
  const ask = async <T>(method: string, params: readonly unknown[], schema: z.ZodType<T>): Promise<T> => {
    const answer = await rpc(method, params, { signal: AbortSignal.timeout(CALL_MS) })
    if (!answer.ok) throw new Error(answer.error.message)
    if (answer.value.code !== null) throw new Error(`${method}: ${answer.value.message.slice(0, 200)}`)
    return schema.parse(answer.value.result)
  }
  const height = async (): Promise<number> => (await ask('getblockchaininfo', [], z.object({ blocks: z.int() }))).blocks
  const blockAt = async (at: number): Promise<ParsedTransaction[]> => {
    const hash = await ask('getblockhash', [at], z.string())
    const block = Block.fromHex(await ask('getblock', [hash, 0], z.string()))
    return (block.transactions ?? []).flatMap((tx) => parseTransaction(tx.toHex()) ?? [])
  }
  const waiting = async (outpoint: Outpoint): Promise<ParsedTransaction | null> => {
    const [{ spendingtxid }] = await ask('gettxspendingprevout', [[splitOutpoint(outpoint)]], Spenders)
    if (spendingtxid === undefined) return null
    return parseTransaction(await ask('getrawtransaction', [spendingtxid, 0], z.string()))
  }
  return {
    height,
    async unspentSats(outpoint) {
      const { txid, vout } = splitOutpoint(outpoint)
      const output = await ask('gettxout', [txid, vout, true], TxOut)
      return output === null ? null : Math.round(output.value * SATS_PER_BTC)
    },
    async since(moment) {
      const tip = await height()
      const followed = follower(moment)
      for (let at = moment.height + 1; at <= tip; at++) followed.take(await blockAt(at), tip - at + 1)
      for (let funding = followed.funding(); funding !== null;) {
        const tx = await waiting(funding)
        if (tx === null) break
        followed.take([tx], 0)
        funding = followed.funding()
      }
      return { fundingHistory: followed.fundingHistory, transactions: followed.transactions }
    },
  }
}

/** Follows the funding outpoint through transactions in order. */
function follower({ submittedOn, capacitySats }: Moment) {
  const fundingHistory: FundingSpend[] = []
  const transactions: ParsedTransaction[] = []
  let funding: Outpoint | null = submittedOn
  let heldSats = capacitySats
  const take = (block: readonly ParsedTransaction[], confirmations: number): void => {
    for (const tx of block) {
      transactions.push(tx)
      const spent = funding
      if (spent === null || !tx.inputs.some(({ outpoint }) => outpoint === spent)) continue
      const vout = tx.outputs.findIndex(({ script }) => FUNDING_SCRIPT.test(script))
      const output = tx.outputs[vout]
      funding = output === undefined ? null : outpointOf(tx.txid, vout)
      const changeSats = output === undefined ? null : output.amountSats - heldSats
      heldSats = output?.amountSats ?? 0
      fundingHistory.push({ tx, confirmations, funding, changeSats })
    }
  }
  return { fundingHistory, transactions, take, funding: () => funding }
}
