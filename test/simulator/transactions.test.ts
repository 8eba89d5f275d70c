import * as ecc from '@bitcoinerlab/secp256k1'
import { script, Transaction } from 'bitcoinjs-lib'
import { describe, expect, test } from 'vitest'
import { splitOutpoint } from '../../core/bitcoin/outpoint.ts'
import {
  addsCapacity,
  fundingInputs,
  isCommitment,
  parseTransaction,
  paysExactly,
} from '../../core/bitcoin/transaction.ts'
import type { World } from '../../simulator/world/world.ts'
import { Scenario } from '../../harness/simulator/scenario.ts'
import { SCRIPT } from '../../harness/values.ts'

/** The output that an input of a transaction spends. */
function spentOutput(
  world: World,
  tx: Transaction,
  position: number,
): { readonly script: Uint8Array; readonly value: bigint } {
  const input = tx.ins[position]
  const txid = Buffer.from(input?.hash ?? [])
    .reverse()
    .toString('hex')
  const output = Transaction.fromHex(world.chain.transaction(txid)?.hex ?? '').outs[input?.index ?? 0]
  if (output === undefined) throw new Error('the spent output is unknown')
  return output
}

/** How many signatures of a transaction's inputs hold. Throws on one that does not. */
function verifySignatures(world: World, hex: string): number {
  const tx = Transaction.fromHex(hex)
  let verified = 0
  tx.ins.forEach((input, position) => {
    const spent = spentOutput(world, tx, position)
    const twoOfTwo = spent.script.length === 34
    const last = input.witness.at(-1) ?? new Uint8Array()
    const code = twoOfTwo
      ? last
      : Buffer.concat([Buffer.from('76a914', 'hex'), spent.script.slice(2), Buffer.from('88ac', 'hex')])
    const sighash = tx.hashForWitnessV0(position, code, spent.value, Transaction.SIGHASH_ALL)
    const keys = twoOfTwo ? [last.slice(2, 35), last.slice(36, 69)] : [last]
    const signatures = twoOfTwo ? input.witness.slice(1, 3) : input.witness.slice(0, 1)
    if (twoOfTwo) expect(input.witness[0]).toHaveLength(0)
    signatures.forEach((signature, n) => {
      const key = keys[n] ?? new Uint8Array()
      expect(ecc.verify(sighash, key, script.signature.decode(signature).signature)).toBe(true)
      verified += 1
    })
  })
  return verified
}

describe('a splice-out', () => {
  test('pays exactly the amount; the fee comes from the channel on top', async () => {
    const scenario = Scenario.of({}, { feeRateSatPerKw: 253 })
    await scenario.out()
    scenario.settle()
    const placed = scenario.world.chain.transaction(scenario.candidate())
    const tx = parseTransaction(placed?.hex ?? '')
    if (tx === null || placed === null) throw new Error('no transaction')
    expect(paysExactly(tx, SCRIPT, 50_000)).toBe(true)
    // What was seen on a real node: contribution -50,183 at 253 sat per 1000 weight.
    expect(scenario.channel.candidates[0]).toMatchObject({ oursNetSats: -50_183, oursFeeSats: 183 })
    expect(placed.feeSats).toBe(183)
    expect(tx.weight).toBeLessThanOrEqual(722)
    expect(tx.weight).toBeGreaterThan(710)
    expect(fundingInputs(tx)).toEqual([`${scenario.channel.funding.txid}:${scenario.channel.funding.vout}`])
    expect(verifySignatures(scenario.world, placed.hex)).toBe(2)
  })
})

describe('a splice-in', () => {
  test('adds the amount and a few satoshis, from real coins with change', async () => {
    const scenario = Scenario.of({}, { feeRateSatPerKw: 253 })
    await scenario.in(1_500_000)
    scenario.settle()
    const placed = scenario.world.chain.transaction(scenario.candidate())
    if (placed === null) throw new Error('no transaction')
    expect(addsCapacity(placed, 10_000_000, 1_500_000)).toBe(true)
    expect(placed.inputs).toHaveLength(3)
    expect(placed.outputs).toHaveLength(2)
    const [candidate] = scenario.channel.candidates
    expect(candidate?.oursNetSats).toBeGreaterThan(1_500_000)
    expect(candidate?.oursNetSats).toBeLessThan(1_500_010)
    expect(placed.feeSats).toBe(candidate?.oursFeeSats)
    expect(verifySignatures(scenario.world, placed.hex)).toBe(4)
  })

  test('leaves change that would be dust in the channel', async () => {
    const scenario = Scenario.of({ walletCoinsSats: [101_200, 60_000] })
    await scenario.in(100_000)
    scenario.settle()
    const placed = scenario.world.chain.transaction(scenario.candidate())
    expect(placed?.outputs).toHaveLength(1)
    const surplusSats = (placed?.outputs[0]?.amountSats ?? 0) - 10_100_000
    expect(surplusSats).toBe(330)
  })
})

describe('a round with contributions of both', () => {
  test('is one valid transaction; each side pays for its part', async () => {
    const scenario = Scenario.of()
    await scenario.out()
    scenario.alice.peerSplice(scenario.id, { amountSats: 700_000, mergeOurs: true })
    scenario.settle()
    const placed = scenario.world.chain.transaction(scenario.candidate())
    if (placed === null) throw new Error('no transaction')
    const [candidate] = scenario.channel.candidates
    expect(candidate?.oursNetSats).toBe(-50_124)
    expect(candidate?.theirsNetSats).toBeGreaterThanOrEqual(700_000)
    expect(verifySignatures(scenario.world, placed.hex)).toBe(3)
    expect(placed.feeSats ?? 0).toBeGreaterThanOrEqual(placed.weight)
  })
})

describe('a close', () => {
  test('by force has the form of a commitment', () => {
    const scenario = Scenario.of()
    const funding = `${scenario.channel.funding.txid}:0`
    scenario.alice.close(scenario.id, 'force')
    const spender = scenario.world.chain.spender(funding)
    if (spender === null) throw new Error('no commitment')
    expect(isCommitment(spender, funding)).toBe(true)
    expect(verifySignatures(scenario.world, spender.hex)).toBe(2)
  })

  test('with the peer is an ordinary transaction that replaces a pending splice', async () => {
    const scenario = Scenario.of()
    const funding = `${scenario.channel.funding.txid}:0`
    await scenario.out()
    scenario.settle()
    scenario.alice.close(scenario.id, 'cooperative')
    const spender = scenario.world.chain.spender(funding)
    if (spender === null) throw new Error('no close')
    expect(isCommitment(spender, funding)).toBe(false)
    expect(spender.outputs).toHaveLength(2)
    expect(scenario.payouts()).toBe(0)
    expect(verifySignatures(scenario.world, spender.hex)).toBe(2)
  })

  test('waits for the peer if it is away', () => {
    const scenario = Scenario.of()
    scenario.alice.disconnectPeer()
    scenario.alice.close(scenario.id, 'cooperative')
    expect(scenario.channel.status).toBe('shutting_down')
    scenario.alice.connectPeer()
    expect(scenario.channel.status).toBe('closed')
  })

  test('fails what was queued or negotiated', async () => {
    const scenario = Scenario.of()
    await scenario.out()
    scenario.alice.close(scenario.id, 'force')
    expect(scenario.failures()).toEqual(['ChannelClosing'])
  })

  test('by force moves to the splice if that one confirms', async () => {
    const scenario = Scenario.of()
    await scenario.out()
    scenario.settle()
    const txid = scenario.candidate()
    const vout = scenario.channel.candidates[0]?.funding.vout ?? 0
    scenario.alice.close(scenario.id, 'force')
    scenario.world.mine(1)
    const spender = scenario.world.chain.spender(`${txid}:${vout}`)
    if (spender === null) throw new Error('no commitment on the splice')
    expect(isCommitment(spender, `${txid}:${vout}`)).toBe(true)
    expect(scenario.payouts()).toBe(1)
  })
})

describe('every transaction of a busy world', () => {
  test('has the txid under which it is known, and pays no more than it has', async () => {
    const scenario = Scenario.of({ channels: [{ lockDepth: 0 }] })
    for (let n = 1; n <= 3; n++) {
      await scenario.out(50_000 + n)
      scenario.settle()
      await scenario.in(80_000 + n)
      scenario.settle()
    }
    scenario.world.mine(1)
    for (const tx of scenario.world.chain.transactions().filter(({ feeSats }) => feeSats !== null)) {
      expect(Transaction.fromHex(tx.hex).getId()).toBe(tx.txid)
      expect(verifySignatures(scenario.world, tx.hex)).toBeGreaterThan(0)
      const inSats = tx.inputs.map(({ outpoint }) => {
        const { txid, vout } = splitOutpoint(outpoint)
        return scenario.world.chain.transaction(txid)?.outputs[vout]?.amountSats ?? 0
      })
      const outSats = tx.outputs.map(({ amountSats }) => amountSats)
      const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
      expect(sum(inSats) - sum(outSats)).toBe(tx.feeSats)
    }
  })
})
