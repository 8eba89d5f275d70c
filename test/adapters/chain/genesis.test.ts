import { expect, onTestFinished, test } from 'vitest'
import { esplora } from '../../../adapters/chain/esplora/esplora.ts'
import { withGenesis } from '../../../adapters/chain/genesis.ts'
import { NO_HINT, type ChainFault } from '../../../core/ports/chain.ts'
import type { Call, ChainPort } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import { startEsploraServer } from '../../../simulator/chain/esplora-server.ts'
import { createWorld, simulatedChainPort } from '../../../simulator/world/world.ts'

const call = { signal: new AbortController().signal }
const TESTNET4 = '00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043'
const TESTNET3 = '000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943'

/** A source whose first block is as given; it counts how often it was asked for it. */
function source(first: (call: Call) => Result<string | null, ChainFault>) {
  const world = createWorld({ seed: 'genesis', startAt: Date.UTC(2026, 10, 30) })
  const truth = simulatedChainPort(world.chain)
  let asked = 0
  const port: ChainPort = {
    ...truth,
    async blockHash(height, given) {
      if (height > 0) return truth.blockHash(height, given)
      asked += 1
      return first(given)
    },
  }
  return { port, world, asked: () => asked }
}

const every = async (chain: ChainPort) => [
  await chain.tip(call),
  await chain.blockHash(1, call),
  await chain.transaction('0'.repeat(64), call),
  await chain.spend(`${'0'.repeat(64)}:0`, NO_HINT, call),
  await chain.feeRateSatPerKw(6, call),
  await chain.broadcast('00', call),
]

test('a source on another network has no answer to anything', async () => {
  const { port } = source(() => ok(TESTNET3))
  for (const answer of await every(withGenesis('testnet4', port)))
    expect(answer).toEqual(err({ class: 'config', message: 'the source is not on testnet4' }))
})

test('a source on the network answers, and is asked for its first block once', async () => {
  const { port, world, asked } = source(() => ok(TESTNET4))
  const chain = withGenesis('testnet4', port)
  expect(await chain.tip(call)).toEqual(ok({ height: world.chain.tip.height, hash: world.chain.tip.hash }))
  const answers = await every(chain)
  expect(answers.slice(0, -1).every((answer) => answer.ok)).toBe(true)
  expect(asked()).toBe(1)
})

test('a source that does not tell its first block is asked again', async () => {
  const answers = [err<ChainFault>({ class: 'unreachable', message: 'down' }), ok(TESTNET4)]
  const { port } = source(() => answers.shift() ?? ok(null))
  const chain = withGenesis('testnet4', port)
  expect(await chain.tip(call)).toEqual(err({ class: 'unreachable', message: 'down' }))
  expect(await chain.tip(call)).toMatchObject({ ok: true })
})

test('on regtest anybody begins a chain of their own', async () => {
  const world = createWorld({ seed: 'genesis', startAt: Date.UTC(2026, 10, 30) })
  const server = await startEsploraServer({ chain: simulatedChainPort(world.chain) })
  onTestFinished(() => server.close())
  expect(await withGenesis('regtest', esplora({ url: server.url })).tip(call)).toMatchObject({ ok: true })
})
