import type { Outpoint } from '../../core/bitcoin/outpoint.ts'
import type { Block, ChainState } from './state.ts'
import { blockHash } from './block.ts'
import { ChainIndex, parsed, type IndexedTransaction } from './transaction-index.ts'
import { admit, virtualSize } from './mempool.ts'
import type { PlacedTransaction, Rejection, ReorgOptions, SimulatedChain } from '../world/steering.ts'

export { blockHash } from './block.ts'

/** A deeper reorg is refused: it would invalidate the world's first coins. */
const COINBASE_MATURITY = 100

/** Listeners for block changes. The journal hears of them before the nodes do. */
export type ChainHooks = {
  now(): number
  connected(block: Block): void
  disconnected(block: Block): void
  evicted(txid: string, why: string): void
}

/** The chain and the mempool over their saved state. Signatures are not checked; all other validity rules are. */
export class Chain implements SimulatedChain {
  readonly #state: ChainState
  readonly #hooks: ChainHooks
  readonly index = new ChainIndex()

  constructor(state: ChainState, hooks: ChainHooks) {
    this.#state = state
    this.#hooks = hooks
    for (const block of state.blocks) {
      for (const hex of block.transactions) this.index.place(hex, parsed(hex), block.height)
    }
    for (const hex of state.mempool) this.index.place(hex, parsed(hex), null)
  }

  get tip(): Block {
    const block = this.#state.blocks.at(-1)
    if (block === undefined) throw new Error('a chain without a genesis block')
    return block
  }

  block(height: number): Block | null {
    return this.#state.blocks[height] ?? null
  }

  transaction(txid: string): PlacedTransaction | null {
    return this.#placed(this.index.get(txid))
  }

  spender(outpoint: Outpoint): PlacedTransaction | null {
    return this.#placed(this.index.spender(outpoint))
  }

  mempool(): PlacedTransaction[] {
    return this.#state.mempool.flatMap((hex) => this.transaction(parsed(hex).txid) ?? [])
  }

  transactions(): PlacedTransaction[] {
    const place = (tx: IndexedTransaction): number => tx.height ?? Infinity
    // A restored chain has another index order than a grown one, so ties are ordered explicitly.
    const inOrder = this.index.all().sort((a, b) => {
      if (place(a) !== place(b)) return place(a) - place(b)
      return a.txid < b.txid ? -1 : 1
    })
    return inOrder.flatMap((tx) => this.#placed(tx) ?? [])
  }

  confirmations(txid: string): number | null {
    const tx = this.index.get(txid)
    if (tx === null) return null
    return tx.height === null ? 0 : this.tip.height - tx.height + 1
  }

  feeRateSatPerKw(targetBlocks: number): number | null {
    const estimates = this.#state.feeEstimates
    const exact = estimates[String(targetBlocks)]
    return exact === undefined ? (estimates['default'] ?? null) : exact
  }

  /** The least fee to replace the unconfirmed spender of an outpoint by this weight; 0 if there is none. */
  replacementFeeSats(outpoint: Outpoint, weight: number): number {
    const old = this.index.spender(outpoint)
    if (old?.height !== null) return 0
    const size = virtualSize(weight)
    const replacedSats = this.index.withDescendants(old.txid).reduce((sum, tx) => sum + (tx.feeSats ?? 0), 0)
    const byRateSats = Math.floor(((old.feeSats ?? 0) / virtualSize(old.weight)) * size) + 1
    return Math.max(replacedSats + Math.ceil(this.#state.incrementalRelaySatPerVb * size), byRateSats)
  }

  mine(blocks: number, options: { readonly transactions?: readonly string[]; readonly empty?: boolean } = {}): void {
    for (let n = 0; n < blocks; n++) {
      this.#connect(n === 0 ? (options.transactions ?? []) : [], options.empty ?? false)
    }
  }

  reorg(depth: number, options: ReorgOptions = {}): void {
    const newLength = options.newLength ?? depth + 1
    if (depth < 1 || depth > COINBASE_MATURITY || depth >= this.tip.height || newLength < 1)
      throw new Error(`a reorg of ${depth} blocks is not possible`)
    this.#state.reorgs += 1
    for (let n = 0; n < depth; n++) this.#disconnect(new Set(options.drop ?? []))
    for (let n = 0; n < newLength; n++) {
      this.#connect(n === 0 ? (options.transactions ?? []) : [], n > 0 || options.include === 'none')
    }
  }

  broadcast(hex: string): Rejection {
    const tx = parsed(hex)
    if (this.index.get(tx.txid) !== null) return null
    const admission = admit(this.index, this.#state, tx)
    if (!admission.ok) return admission.reason
    for (const old of admission.evicted) this.#forget(old, `replaced by ${tx.txid}`)
    this.#state.mempool.push(hex)
    this.index.place(hex, tx, null)
    return null
  }

  evict(txid: string): void {
    const tx = this.index.get(txid)
    if (tx?.height !== null) throw new Error(`not in the mempool: ${txid}`)
    for (const old of this.index.withDescendants(txid)) this.#forget(old, 'evicted')
  }

  withhold(txid: string): void {
    if (!this.#state.withheld.includes(txid)) this.#state.withheld.push(txid)
  }

  release(txid: string): void {
    this.#state.withheld = this.#state.withheld.filter((held) => held !== txid)
  }

  setFeeRate(feeRateSatPerKw: number | null, targetBlocks?: number): void {
    if (targetBlocks === undefined) this.#state.feeEstimates = { default: feeRateSatPerKw }
    else this.#state.feeEstimates[String(targetBlocks)] = feeRateSatPerKw
  }

  setRelayRule(rule: { readonly minRelaySatPerVb?: number; readonly incrementalRelaySatPerVb?: number }): void {
    Object.assign(this.#state, rule)
  }

  #connect(first: readonly string[], empty: boolean): void {
    const chosen = new Map(first.map((hex) => [parsed(hex).txid, hex]))
    for (const hex of first) {
      for (const input of parsed(hex).inputs) {
        if (this.index.output(input.outpoint) === null) throw new Error(`unknown: ${input.outpoint}`)
        const rival = this.index.spender(input.outpoint)
        if (rival === null || chosen.has(rival.txid)) continue
        if (rival.height !== null) throw new Error(`${rival.txid} already spends ${input.outpoint} in the chain`)
        for (const old of this.index.withDescendants(rival.txid)) this.#forget(old, 'a rival was mined')
      }
    }
    const mined = [...chosen.values(), ...(empty ? [] : this.#minable(chosen))]
    const height = this.tip.height + 1
    const time = Math.max(this.tip.time + 1, Math.floor(this.#hooks.now() / 1000))
    const txids = mined.map((hex) => parsed(hex).txid)
    const hash = blockHash({ height, time, previous: this.tip.hash, branch: this.#state.reorgs, txids })
    const block = { height, hash, time, transactions: mined }
    this.#state.blocks.push(block)
    this.#state.mempool = this.#state.mempool.filter((hex) => !mined.includes(hex))
    for (const hex of mined) this.index.place(hex, parsed(hex), height)
    this.#hooks.connected(block)
  }

  #minable(chosen: ReadonlyMap<string, string>): string[] {
    const included = new Set(chosen.keys())
    return this.#state.mempool.filter((hex) => {
      const tx = parsed(hex)
      if (included.has(tx.txid) || this.#state.withheld.includes(tx.txid)) return false
      const ready = tx.inputs.every(({ outpoint }) => {
        const parent = outpoint.slice(0, 64)
        return included.has(parent) || (this.confirmations(parent) ?? 0) > 0
      })
      if (ready) included.add(tx.txid)
      return ready
    })
  }

  #disconnect(dropped: ReadonlySet<string>): void {
    const block = this.tip
    this.#state.blocks.pop()
    const returned = block.transactions.filter((hex) => {
      const tx = parsed(hex)
      if (this.index.get(tx.txid) === null) return false
      if (!dropped.has(tx.txid)) {
        this.index.place(hex, tx, null)
        return true
      }
      for (const old of this.index.withDescendants(tx.txid)) this.#forget(old, 'dropped by a reorg')
      return false
    })
    this.#state.mempool = [...returned, ...this.#state.mempool].filter(
      (hex) => this.index.get(parsed(hex).txid) !== null,
    )
    this.#hooks.disconnected(block)
  }

  #forget(tx: IndexedTransaction, why: string): void {
    this.index.remove(tx.txid)
    this.#state.mempool = this.#state.mempool.filter((hex) => hex !== tx.hex)
    this.#hooks.evicted(tx.txid, why)
  }

  #placed(tx: IndexedTransaction | null): PlacedTransaction | null {
    if (tx === null) return null
    return { ...tx, block: tx.height === null ? null : this.block(tx.height) }
  }
}
