import { splitOutpoint } from '../../core/bitcoin/outpoint.ts'
import { parseTransaction } from '../../core/bitcoin/transaction.ts'
import type { ChainFault, ChainTransaction, Spend } from '../../core/ports/chain.ts'
import type { ChainPort } from '../../core/ports/ports.ts'
import { err, ok } from '../../core/values/result.ts'
import { TIP, aTxid } from '../values.ts'

/** A chain source made of a few transactions; each is the spender of its inputs. */
export class FakeChain implements ChainPort {
  readonly calls: string[] = []
  height = TIP
  fails: (call: string) => boolean = () => false
  /** What `spend` answers, by outpoint, where it is not what follows from the transactions. */
  readonly spends = new Map<string, Spend>()
  readonly #transactions = new Map<string, ChainTransaction>()
  readonly #spenders = new Map<string, ChainTransaction>()

  constructor(transactions: readonly ChainTransaction[] = []) {
    for (const tx of transactions) {
      this.#transactions.set(tx.txid, tx)
      for (const { outpoint } of parseTransaction(tx.hex)?.inputs ?? []) this.#spenders.set(outpoint, tx)
    }
  }

  readonly tip: ChainPort['tip'] = async () => this.#answer('tip', { height: this.height, hash: aTxid('e') })
  readonly blockHash: ChainPort['blockHash'] = async (height) =>
    this.#answer('blockHash', height < this.height ? aTxid('a') : height === this.height ? aTxid('e') : null)
  readonly transaction: ChainPort['transaction'] = async (txid) =>
    this.#answer(`transaction ${txid}`, this.#transactions.get(txid) ?? null)
  readonly spend: ChainPort['spend'] = async (outpoint) =>
    this.#answer(`spend ${outpoint}`, this.spends.get(outpoint) ?? this.#spendOf(outpoint))
  readonly feeRateSatPerKw: ChainPort['feeRateSatPerKw'] = async () => this.#answer('fee', 1_000)
  readonly broadcast: ChainPort['broadcast'] = async () => this.#answer('broadcast', undefined)

  #spendOf(outpoint: string): Spend {
    const { txid, vout } = splitOutpoint(outpoint)
    const made = parseTransaction(this.#transactions.get(txid)?.hex ?? '')?.outputs[vout]?.amountSats
    return { own: 'confirmed', valueSats: made ?? null, spender: this.#spenders.get(outpoint) ?? null }
  }

  #answer<T>(call: string, value: T) {
    this.calls.push(call)
    const fault: ChainFault = { class: 'unreachable', message: call }
    return this.fails(call) ? err(fault) : ok(value)
  }
}
