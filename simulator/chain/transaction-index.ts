import { outpointOf, splitOutpoint, type Outpoint } from '../../core/bitcoin/outpoint.ts'
import { parseTransaction, type ParsedTransaction } from '../../core/bitcoin/transaction.ts'

const NO_OUTPOINT = '0'.repeat(64)

/** A transaction in chain or mempool. `height` is null in the mempool; `feeSats` is null for a coinbase. */
export type IndexedTransaction = ParsedTransaction & {
  readonly hex: string
  readonly height: number | null
  readonly feeSats: number | null
}

/** Parses a transaction; throws if it is not one. */
export function parsed(hex: string): ParsedTransaction {
  const tx = parseTransaction(hex)
  if (tx === null) throw new Error('not a transaction')
  return tx
}

/** The transactions in chain and mempool by txid, spent outpoint and script. No outpoint has two spenders. */
export class ChainIndex {
  readonly #byTxid = new Map<string, IndexedTransaction>()
  readonly #spenders = new Map<Outpoint, string>()
  readonly #outpoints = new Map<string, Set<Outpoint>>()

  get(txid: string): IndexedTransaction | null {
    return this.#byTxid.get(txid) ?? null
  }

  all(): IndexedTransaction[] {
    return [...this.#byTxid.values()]
  }

  spender(outpoint: Outpoint): IndexedTransaction | null {
    const txid = this.#spenders.get(outpoint)
    return txid === undefined ? null : this.get(txid)
  }

  output(outpoint: Outpoint): { readonly script: string; readonly amountSats: number } | null {
    const { txid, vout } = splitOutpoint(outpoint)
    return this.get(txid)?.outputs[vout] ?? null
  }

  /** Unspent outputs of a script, mempool included. */
  unspent(script: string): { readonly outpoint: Outpoint; readonly amountSats: number; readonly confirmed: boolean }[] {
    return [...(this.#outpoints.get(script) ?? [])].flatMap((outpoint) => {
      const output = this.output(outpoint)
      if (output === null || this.#spenders.has(outpoint)) return []
      const height = this.get(splitOutpoint(outpoint).txid)?.height ?? null
      return [{ outpoint, amountSats: output.amountSats, confirmed: height !== null }]
    })
  }

  /** Outputs of a script in blocks that no block spends. A mempool transaction may spend them. */
  unspentInBlocks(
    script: string,
  ): { readonly outpoint: Outpoint; readonly amountSats: number; readonly height: number }[] {
    return [...(this.#outpoints.get(script) ?? [])].flatMap((outpoint) => {
      const output = this.output(outpoint)
      const height = this.get(splitOutpoint(outpoint).txid)?.height ?? null
      const isSpent = (this.spender(outpoint)?.height ?? null) !== null
      return output === null || height === null || isSpent ? [] : [{ outpoint, amountSats: output.amountSats, height }]
    })
  }

  /** The fee of a transaction; null for a coinbase or if an input is unknown. */
  feeSats(tx: ParsedTransaction): number | null {
    let feeSats = -tx.outputs.reduce((sum, output) => sum + output.amountSats, 0)
    for (const input of tx.inputs) {
      const output = this.output(input.outpoint)
      if (output === null) return null
      feeSats += output.amountSats
    }
    return feeSats
  }

  /** Adds a transaction or moves it to its new height. */
  place(hex: string, tx: ParsedTransaction, height: number | null): void {
    const known = this.get(tx.txid)
    this.#byTxid.set(tx.txid, { ...tx, hex, height, feeSats: known?.feeSats ?? this.feeSats(tx) })
    if (known !== null) return
    for (const input of tx.inputs) {
      if (!input.outpoint.startsWith(NO_OUTPOINT)) this.#spenders.set(input.outpoint, tx.txid)
    }
    tx.outputs.forEach((output, vout) => {
      const outpoints = this.#outpoints.get(output.script) ?? new Set()
      this.#outpoints.set(output.script, outpoints.add(outpointOf(tx.txid, vout)))
    })
  }

  remove(txid: string): void {
    const tx = this.get(txid)
    if (tx === null) return
    this.#byTxid.delete(txid)
    for (const input of tx.inputs) this.#spenders.delete(input.outpoint)
    tx.outputs.forEach((output, vout) => this.#outpoints.get(output.script)?.delete(outpointOf(txid, vout)))
  }

  /** A transaction and all its descendants, ancestors first. */
  withDescendants(txid: string): IndexedTransaction[] {
    const found = new Map<string, IndexedTransaction>()
    const visit = (id: string): void => {
      const tx = this.get(id)
      if (tx === null || found.has(id)) return
      found.set(id, tx)
      tx.outputs.forEach((_, vout) => {
        const child = this.#spenders.get(outpointOf(id, vout))
        if (child !== undefined) visit(child)
      })
    }
    visit(txid)
    return [...found.values()]
  }
}
