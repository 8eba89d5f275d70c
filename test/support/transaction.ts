import { Transaction } from 'bitcoinjs-lib'
import type { ChainTransaction } from '../../core/ports/chain.ts'

/** A transaction that spends an outpoint and pays a script. */
export function aTransaction(
  spent: string,
  script: string,
  amountSats: number,
): ChainTransaction & { readonly txid: string } {
  const tx = new Transaction()
  tx.addInput(Buffer.from(spent.slice(0, 64), 'hex').reverse(), Number(spent.slice(65)))
  tx.addOutput(Buffer.from(script, 'hex'), BigInt(amountSats))
  return { txid: tx.getId(), hex: tx.toHex(), block: null, feeSats: null }
}
