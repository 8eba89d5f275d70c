import { expect, test } from 'vitest'
import { NodeInfo } from '../../../adapters/node/ldk/codecs.ts'
import { Info } from '../../../adapters/node/cln/answers.ts'
import { Network } from '../../../core/bitcoin/network.ts'
import { info } from '../../../harness/nodes/ldk-rpc.ts'
import { anEclair, aPhoenixd, callNow, lookAt } from '../../../harness/nodes/http-nodes.ts'

const NODE_ID = `02${'a'.repeat(64)}`

test.each<[string, Network]>([
  ['mainnet', 'bitcoin'],
  ['testnet', 'testnet'],
  ['testnet3', 'testnet'],
  ['testnet4', 'testnet4'],
  ['signet', 'signet'],
  ['regtest', 'regtest'],
])('Eclair and phoenixd call %s what is %s here', async (name, network) => {
  const eclair = await anEclair()
  const known = { version: '0.14.0', nodeId: NODE_ID, network: name, blockHeight: 9 }
  eclair.server.fault({ type: 'body', body: JSON.stringify(known), executes: false }, '/getinfo')
  expect(await lookAt(eclair.port)).toMatchObject({ network })
  const phoenixd = await aPhoenixd()
  const shown = { nodeId: NODE_ID, chain: name, blockHeight: 9, version: '0.8.0', channels: [] }
  phoenixd.server.fault({ type: 'body', body: JSON.stringify(shown), executes: false }, '/getinfo')
  expect(await lookAt(phoenixd.port)).toMatchObject({ network })
})

test('a network that nobody knows is a fault of the configuration', async () => {
  const { port, server } = await anEclair()
  const known = { version: '0.14.0', nodeId: NODE_ID, network: 'testnet9', blockHeight: 9 }
  server.fault({ type: 'body', body: JSON.stringify(known), executes: false }, '/getinfo')
  expect(await port.look(callNow())).toMatchObject({ ok: false, error: { class: 'config' } })
})

test.each<[number, Network]>([
  [0, 'bitcoin'],
  [1, 'testnet'],
  [2, 'testnet4'],
  [3, 'signet'],
  [4, 'regtest'],
])("an ldk-server's network %i is %s", (number, network) => {
  const wire = NodeInfo.encode({ ...info, network })
  expect(wire).toMatchObject({ network: number })
  expect(NodeInfo.decode(wire)).toMatchObject({ network })
})

test.each(Network.options)('a Core Lightning names %s as we do', (network) => {
  const shown = { id: NODE_ID, alias: '', version: 'v26.06', blockheight: 9, network }
  expect(Info.parse(shown)).toMatchObject({ network })
})
