import { Transaction } from 'bitcoinjs-lib'
import { outpointOf, splitOutpoint } from '../core/bitcoin/outpoint.ts'
import { parseTransaction, type ParsedTransaction } from '../core/bitcoin/transaction.ts'
import type { ChainTransaction } from '../core/ports/chain.ts'
import { aTxid } from './values.ts'

/** Scripts: one that can fund a channel, one that cannot. */
export const P2WSH = `0020${'ab'.repeat(32)}`

export const P2WPKH = `0014${'cd'.repeat(20)}`

export type TransactionParts = {
  readonly inputs: readonly {
    readonly outpoint: string
    readonly sequence?: number
    readonly witness?: readonly Uint8Array[]
  }[]
  readonly outputs?: readonly { readonly script: string; readonly amountSats: number }[]
  readonly locktime?: number
}

export type Built = { readonly txid: string; readonly hex: string; readonly parsed: ParsedTransaction }

/** A transaction in its serialised form, and parsed from it. */
export function aTransaction(parts: TransactionParts): Built {
  const tx = new Transaction()
  tx.version = 2
  tx.locktime = parts.locktime ?? 0
  parts.inputs.forEach(({ outpoint, sequence, witness }, index) => {
    const { txid, vout } = splitOutpoint(outpoint)
    tx.addInput(Buffer.from(txid, 'hex').reverse(), vout, sequence ?? 0xfffffffd)
    if (witness) tx.setWitness(index, [...witness])
  })
  for (const { script, amountSats } of parts.outputs ?? [{ script: P2WSH, amountSats: 900_000 }])
    tx.addOutput(Buffer.from(script, 'hex'), BigInt(amountSats))
  const hex = tx.toHex()
  const parsed = parseTransaction(hex)
  if (parsed === null) throw new Error('the builder built nothing that can be read')
  return { txid: tx.getId(), hex, parsed }
}

/** The script of a 2-of-2, and a witness that spends it: what marks the input that was a channel's funding. */
export const TWO_OF_TWO = Buffer.concat([Buffer.from([0x52]), Buffer.alloc(68, 0x21), Buffer.from([0x52, 0xae])])

export const FUNDING_WITNESS = [Buffer.alloc(0), Buffer.alloc(71, 1), Buffer.alloc(71, 1), TWO_OF_TWO]

/** A transaction that spends a funding outpoint and funds a channel with its first output. */
export function aSplicing(outpoint: string, amountSats = 900_000): Built {
  return aTransaction({
    inputs: [{ outpoint, witness: FUNDING_WITNESS }],
    outputs: [{ script: P2WSH, amountSats }],
  })
}

/** A force-close of a channel. */
export function aCommitment(outpoint: string): Built {
  return aTransaction({
    inputs: [{ outpoint, sequence: 0x80_00_00_01, witness: FUNDING_WITNESS }],
    outputs: [{ script: P2WPKH, amountSats: 1_000 }],
    locktime: 0x20_00_00_01,
  })
}

export function fundingOf(built: Built): string {
  return outpointOf(built.txid, 0)
}

/** As a chain source knows it: in the block at a height, or null: in the mempool. */
export function onChain(built: Built, height: number | null = null): ChainTransaction {
  const block = height === null ? null : { height, hash: aTxid('d'), time: height * 600 }
  return { txid: built.txid, hex: built.hex, block, feeSats: 300 }
}

/** A transaction that spends an outpoint and pays a script. */
export function aSpend(
  spent: string,
  script: string,
  amountSats: number,
): ChainTransaction & { readonly txid: string } {
  const tx = new Transaction()
  tx.addInput(Buffer.from(spent.slice(0, 64), 'hex').reverse(), Number(spent.slice(65)))
  tx.addOutput(Buffer.from(script, 'hex'), BigInt(amountSats))
  return { txid: tx.getId(), hex: tx.toHex(), block: null, feeSats: null }
}
