import { expect, test } from 'vitest'
import * as z from 'zod'
import { configuredNode, parseNodes } from '../../adapters/node/configured.ts'
import { saveNodeState } from '../../core/nodes/node-state.ts'
import { bump, request as submission } from '../../harness/nodes/ldk-rpc.ts'
import { aBody } from '../../harness/api/values.ts'
import { aWorld } from '../../harness/api/world.ts'
import { order, request } from '../../harness/api/request.ts'

const entry = {
  kind: 'lnd',
  name: 'lnd',
  network: 'regtest',
  nodeId: `02${'a'.repeat(64)}`,
  tenants: ['acme'],
  chain: { kind: 'esplora', url: 'http://127.0.0.1:9' },
}

/** A world that has swept an LND of its nodes file; nothing listens at any address. */
async function aSweptWorld() {
  const world = await aWorld()
  const [parsed] = parseNodes([entry], 'nodes.json')
  if (parsed === undefined) throw new Error('no entry')
  const lnd = configuredNode(parsed, world.ports.clock)
  const look = await lnd.port.look(world.ports.call())
  await saveNodeState(lnd, look, world.ports)
  world.told.look = look
  return { world, lnd }
}

test('an LND is listed as a node that cannot splice, and why', async () => {
  const { world } = await aSweptWorld()
  const { body } = await request(world, 'GET', '/v1/nodes', { key: world.keys.reader })
  const Nodes = z.array(z.looseObject({ name: z.string() }))
  expect(Nodes.parse(body['data']).find(({ name }) => name === 'lnd')).toMatchObject({
    software: 'lnd',
    synced: false,
    capabilities: {
      spliceIn: false,
      spliceOut: false,
    },
  })
  expect(JSON.stringify(body)).toContain('"unsupported":"LND has no splicing')
})

test.each(['splice_out', 'splice_in'])('a %s of an LND is refused with node_unsupported, and why', async (kind) => {
  const { world } = await aSweptWorld()
  const address = kind === 'splice_in' ? undefined : aBody.address
  const answer = await order(world, 'one', { ...aBody, node: 'lnd', kind, address })
  expect(answer.status).toBe(422)
  expect(answer.body).toMatchObject({ code: 'node_unsupported', field: 'node' })
  expect(answer.body['detail']).toContain('LND has no splicing')
  expect(world.heard.hints).toEqual([])
})

test('an LND is asked for nothing, whatever reaches its port', async () => {
  const { world, lnd } = await aSweptWorld()
  const call = world.ports.call()
  const refused = { type: 'refused', class: 'invalid' }
  expect(await lnd.port.submit(submission, call)).toMatchObject(refused)
  expect(await lnd.port.bump(bump, call)).toMatchObject(refused)
  expect(await lnd.port.newAddress(call)).toMatchObject({ ok: false, error: { class: 'config' } })
  expect(await lnd.port.contribution('c', 't', call)).toMatchObject({ ok: false })
})
