import { Transaction } from 'bitcoinjs-lib'
import { expect } from 'vitest'
import { NO_HINT, type Spend } from '../../core/ports/chain.ts'
import type { ChainPort } from '../../core/ports/ports.ts'
import type { Result } from '../../core/values/result.ts'
import { parseTransaction, spends } from '../../core/bitcoin/transaction.ts'

const MESSAGE_CHARACTERS = 400
const CALL_MS = 5_000
export const callOf = () => ({ signal: AbortSignal.timeout(CALL_MS) })

/** A transaction that spends an output, with two outputs of its own. */
export function spending(txid: string, vout: number): { txid: string; hex: string } {
  const tx = new Transaction()
  tx.addInput(Buffer.from(txid, 'hex').reverse(), vout)
  tx.addOutput(Buffer.from(`0020${'11'.repeat(32)}`, 'hex'), 5_000n)
  tx.addOutput(Buffer.from(`0014${'22'.repeat(20)}`, 'hex'), 1_000n)
  return { txid: tx.getId(), hex: tx.toHex() }
}

/** A fault is short and tells neither an address nor a credential; an answer is handed on. */
export function told<T>(answer: Result<T, { readonly message: string }>, secrets: readonly string[]): T | null {
  if (answer.ok) return answer.value
  expect(answer.error.message.length).toBeLessThanOrEqual(MESSAGE_CHARACTERS)
  for (const secret of secrets) expect(answer.error.message.includes(secret), 'no secret is told').toBe(false)
  return null
}

/** Asks a spend; a spender that is told does spend the outpoint. */
export async function spendTold(chain: ChainPort, outpoint: string, secrets: readonly string[]): Promise<Spend | null> {
  const spend = told(await chain.spend(outpoint, NO_HINT, callOf()), secrets)
  if (spend?.spender) expectSound(spend.spender, outpoint)
  return spend
}

function expectSound({ txid, hex }: { txid: string; hex: string }, outpoint: string | null): void {
  const parsed = parseTransaction(hex)
  expect(parsed?.txid).toBe(txid)
  if (outpoint !== null && parsed !== null) expect(spends(parsed, outpoint)).toBe(true)
}

/** Asks everything else that a chain source can be asked; whatever it tells is of the right form. */
export async function askOthers(
  chain: ChainPort,
  tx: { txid: string; hex: string },
  secrets: readonly string[],
): Promise<void> {
  const tip = told(await chain.tip(callOf()), secrets)
  if (tip !== null) {
    expect(tip.hash).toMatch(/^[0-9a-f]{64}$/)
    expect(Number.isSafeInteger(tip.height) && tip.height >= 0).toBe(true)
  }
  expect(told(await chain.blockHash(5, callOf()), secrets) ?? '0'.repeat(64)).toMatch(/^[0-9a-f]{64}$/)
  const found = told(await chain.transaction(tx.txid, callOf()), secrets)
  if (found !== null) {
    expect(found.txid).toBe(tx.txid)
    expectSound(found, null)
    expect(Number.isSafeInteger(found.feeSats ?? 0)).toBe(true)
  }
  const rate = told(await chain.feeRateSatPerKw(6, callOf()), secrets)
  if (rate !== null) expect(Number.isSafeInteger(rate) && rate > 0).toBe(true)
  told(await chain.broadcast(tx.hex, callOf()), secrets)
}
