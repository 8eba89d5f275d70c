import { expect, onTestFinished, test } from 'vitest'
import { esplora } from '../../adapters/chain/esplora/esplora.ts'
import { ldkClient } from '../../adapters/node/ldk/client.ts'
import { LdkConfig } from '../../adapters/node/ldk/config.ts'
import { ldkNode } from '../../adapters/node/ldk/node.ts'
import type { LdkRpc, RpcAnswer } from '../../adapters/node/ldk/rpc.ts'
import { err } from '../../core/values/result.ts'
import { diceFrom } from '../../harness/dice.ts'
import { failingProxy, failingRequests } from '../../harness/failing-requests.ts'
import { Keeper } from '../../harness/keeper/keeper.ts'
import { MINUTE, START } from '../../harness/keeper/times.ts'
import { API_KEY, ownCertificate } from '../../harness/nodes/ldk-wire.ts'
import { startEsploraServer } from '../../simulator/chain/esplora-server.ts'
import { startLdkServer } from '../../simulator/ldk/server.ts'
import { createWorld, simulatedChainPort } from '../../simulator/world/world.ts'

const SEEDS = 8
const PATIENCE = 60

/** The node's reads, which end without a status where they are to fail. */
function failingReads(rpc: LdkRpc, fails: (name: string) => boolean): LdkRpc {
  const read =
    <A extends readonly unknown[], T>(name: string, call: (...args: A) => Promise<RpcAnswer<T>>) =>
    async (...args: A): Promise<RpcAnswer<T>> =>
      fails(name) ? err({ status: null, message: 'reset' }) : call(...args)
  return {
    getNodeInfo: read('getNodeInfo', (options) => rpc.getNodeInfo(options)),
    listChannels: read('listChannels', (options) => rpc.listChannels(options)),
    listPeers: read('listPeers', (options) => rpc.listPeers(options)),
    getBalances: read('getBalances', (options) => rpc.getBalances(options)),
    getPayment: read('getPayment', (id, options) => rpc.getPayment(id, options)),
    listPayments: read('listPayments', (options) => rpc.listPayments(options)),
    onchainReceive: (options) => rpc.onchainReceive(options),
    connectPeer: (nodeId, address, options) => rpc.connectPeer(nodeId, address, options),
    spliceIn: (request, options) => rpc.spliceIn(request, options),
    spliceOut: (request, options) => rpc.spliceOut(request, options),
    bumpFee: (request, options) => rpc.bumpFee(request, options),
  }
}

/** Node and chain source over the wire, where requests fail at the rate from `start` on. */
async function stage(seed: string, rate: number) {
  const world = createWorld({ seed, startAt: START, nodes: [{ name: 'alice', overlapGuard: true }] })
  const clock = { now: () => world.now() }
  const requests = failingRequests(seed, rate)
  const source = await startEsploraServer({ chain: simulatedChainPort(world.chain) })
  const proxy = await failingProxy(source.url, requests.fails)
  const rpc = failingReads(world.node('alice').rpc, requests.fails)
  const server = await startLdkServer({ rpc, apiKey: API_KEY, clock, certificate: ownCertificate })
  const { url, certificate } = server
  const client = ldkClient(LdkConfig.parse({ url, certificate, auth: { scheme: 'hmac', apiKey: API_KEY } }), clock)
  onTestFinished(async () => {
    client.close()
    proxy.close()
    await Promise.all([server.close(), source.close()])
  })
  const chain = esplora({ url: proxy.url })
  const keeper = new Keeper({
    seed,
    world,
    relay: false,
    port: ldkNode(client, { clock, overlapGuard: true }),
    wrap: (ports) => ({ ...ports, nodes: new Map([...ports.nodes].map(([name, node]) => [name, { ...node, chain }])) }),
  })
  await keeper.sweep()
  return { keeper, requests }
}

/** From the moment at which the first attempt is lost with its peer to the second request at the node. */
async function untilSecondAttempt(seed: string, rate: number): Promise<{ minutes: number; failed: number }> {
  const { keeper, requests } = await stage(seed, rate)
  await keeper.run(Math.floor(diceFrom(seed).fraction() * MINUTE))
  await keeper.post()
  await keeper.work()
  keeper.world.advance(500)
  keeper.node.disconnectPeer({ returnsAfterMs: 30_000 })
  requests.start()
  const lostAt = keeper.world.now()
  const received = () => keeper.world.journal.entries.filter(({ type }) => type === 'request_received')
  for (let minute = 1; received().length < 2 && minute <= PATIENCE; minute += 1)
    await keeper.run(MINUTE, minute % 10 === 0 ? { blockMs: MINUTE } : {})
  expect(keeper.crashes).toEqual([])
  const second = received()[1]
  return { minutes: second === undefined ? Infinity : (second.at - lostAt) / MINUTE, failed: requests.failed() }
}

test.each([
  [10, 7],
  [20, 15],
])('with %i % of the requests failing, the second attempt comes within %i minutes', async (percent, within) => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { minutes, failed } = await untilSecondAttempt(`failing requests ${seed}`, percent / 100)
    expect(minutes, `seed ${seed}`).toBeLessThanOrEqual(within)
    expect(failed, `seed ${seed}`).toBeGreaterThan(0)
  }
})
