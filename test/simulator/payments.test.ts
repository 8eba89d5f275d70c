import { describe, expect, test } from 'vitest'
import type { LdkPayment } from '../../adapters/node/ldk/rpc.ts'
import { CALL } from '../../harness/values.ts'
import { Scenario } from '../../harness/simulator/scenario.ts'

async function payments(scenario: Scenario): Promise<readonly LdkPayment[]> {
  const answer = await scenario.alice.rpc.listPayments(CALL)
  if (!answer.ok) throw new Error('no answer')
  return answer.value
}

function reversed(txid: string): string {
  return Buffer.from(txid, 'hex').reverse().toString('hex')
}

describe('the payment of a splice', () => {
  test('is not there for a splice-out to a foreign address', async () => {
    const scenario = Scenario.of()
    await scenario.out()
    scenario.settle()
    scenario.world.mine(6)
    expect(await payments(scenario)).toEqual([])
  })

  test('holds amount and fee for a splice-out to the own wallet', async () => {
    const scenario = Scenario.of()
    const address = await scenario.alice.rpc.onchainReceive(CALL)
    await scenario.out(50_000, address.ok ? address.value : '')
    scenario.settle()
    const [payment] = await payments(scenario)
    expect(payment).toMatchObject({ amountMsat: 50_722_000, feePaidMsat: 722_000, direction: 'inbound' })
  })

  test('holds the value added for a splice-in, under the first candidate’s reversed txid', async () => {
    const scenario = Scenario.of()
    await scenario.in()
    scenario.settle()
    const [candidate] = scenario.channel.candidates
    const id = reversed(scenario.candidate())
    expect(await payments(scenario)).toEqual([
      {
        id,
        txid: scenario.candidate(),
        amountMsat: (candidate?.oursNetSats ?? 0) * 1000,
        feePaidMsat: (candidate?.oursFeeSats ?? 0) * 1000,
        direction: 'outbound',
        status: 'pending',
        channelIds: [scenario.id],
      },
    ])
    expect(await scenario.alice.rpc.getPayment(id, CALL)).toMatchObject({ value: { id } })
    expect(await scenario.alice.rpc.getPayment('00', CALL)).toEqual({ ok: true, value: null })
  })

  test('keeps its id over a bump, and takes the figures of whichever candidate confirms', async () => {
    const scenario = Scenario.of({ paymentsNameChannels: false })
    await scenario.in()
    scenario.settle()
    const first = scenario.channel.candidates[0]?.funding
    const id = reversed(first?.txid ?? '')
    scenario.alice.bump(scenario.id)
    scenario.settle()
    expect(await payments(scenario)).toMatchObject([{ id, txid: scenario.candidate(), channelIds: [] }])
    scenario.world.chain.mine(1, { transactions: [first?.hex ?? ''] })
    expect(await payments(scenario)).toMatchObject([{ id, txid: first?.txid, status: 'pending' }])
    scenario.world.mine(5)
    expect(await payments(scenario)).toMatchObject([{ id, txid: first?.txid, status: 'succeeded' }])
  })
})
