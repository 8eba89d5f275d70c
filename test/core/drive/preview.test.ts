import { expect, test } from 'vitest'
import { previewGates } from '../../../core/drive/preview.ts'
import { err, ok } from '../../../core/values/result.ts'
import { aBench, aConfiguredNode, fakeNode, type Bench } from '../../../harness/ports/bench.ts'
import { aChannel, aLook } from '../../../harness/looks/node.ts'
import { aLiveSplice } from '../../../harness/records/splices.ts'
import { FakeChain } from '../../../harness/ports/fake-chain.ts'
import { policy } from '../../../harness/values.ts'
import { anAttempt } from '../../../harness/records/attempts.ts'

function aBenchWith(look: Parameters<typeof fakeNode>[0], chain = new FakeChain()): Bench {
  return aBench({ nodes: [aConfiguredNode({ port: fakeNode(look), chain })] })
}

test('a preview says what each gate would say now, with the figures behind it', async () => {
  const look = aLook({ channels: [aChannel({ outboundMsat: 1_999, peerConnected: true })], spendableSats: 7 })
  const preview = await previewGates(aLiveSplice(), aBenchWith(() => ok(look)).ports, policy)
  expect(preview.gates.map(({ name }) => name).join(' ')).toBe(
    'fence node channel funding_unspent no_candidate no_earlier_effect quiet budget lock_depth overlap',
  )
  const [shut, ...others] = preview.gates.filter(({ open }) => !open)
  expect(others).toEqual([])
  expect(shut).toMatchObject({ name: 'channel' })
  expect(shut?.message).toContain('funds')
  expect(preview.gates.filter(({ open, message }) => open && message !== null)).toEqual([])
  expect(preview).toMatchObject({
    estimatedFeeSats: 1_500,
    feeRateSatPerKw: 1_500,
    outboundSats: 1,
    spendableSats: 7,
  })
})

test('what is not known is null', async () => {
  const chain = new FakeChain()
  chain.fails = () => true
  const fault = { class: 'unreachable', message: '' } as const
  const preview = await previewGates(aLiveSplice(), aBenchWith(() => err(fault), chain).ports, policy)
  expect(preview).toMatchObject({
    estimatedFeeSats: null,
    feeRateSatPerKw: null,
    outboundSats: null,
    spendableSats: null,
  })
})

test('it judges by what this look found out, as a real one would, and writes nothing', async () => {
  const splice = aLiveSplice({ state: 'submitted', attempts: [anAttempt()], quietSince: 1, lastLookAt: 1 })
  const bench = aBenchWith(() => ok(aLook()))
  const quiet = (await previewGates(splice, bench.ports, policy)).gates.find(({ name }) => name === 'quiet')
  expect(quiet?.open, 'the gap since the last look ends the quiet').toBe(false)
  expect(await bench.store.load(splice.id)).toBeNull()
})
