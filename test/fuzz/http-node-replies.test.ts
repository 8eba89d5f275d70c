import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { eclairClient } from '../../adapters/node/eclair/client.ts'
import { eclairNode } from '../../adapters/node/eclair/node.ts'
import { phoenixdClient } from '../../adapters/node/phoenixd/client.ts'
import { phoenixdNode } from '../../adapters/node/phoenixd/node.ts'
import { startFormServer } from '../../simulator/world/form-server.ts'
import type { SubmitRequest } from '../../core/ports/node.ts'
import { CommandResult } from '../../core/splice/splice.ts'
import { Network } from '../../core/bitcoin/network.ts'
import { Outpoint } from '../../core/bitcoin/outpoint.ts'
import { PASSWORD } from '../../harness/nodes/http-nodes.ts'
import { eclairChannel, phoenixdChannel } from '../../harness/nodes/http-node-answers.ts'
import { request } from '../../harness/nodes/ldk-rpc.ts'

const TXID = 'd'.repeat(64)
const callOf = () => ({ signal: AbortSignal.timeout(2_000) })
const clock = { now: () => 1_796_000_000_000 }
const asked: SubmitRequest = { ...request, feeRateSatPerKw: 1_000 }

type Reply = { readonly status: number; readonly type: string; readonly body: string }

const statuses = fc.constantFrom(200, 200, 200, 200, 201, 204, 301, 400, 401, 403, 404, 408, 500, 502)
const types = fc.constantFrom('application/json', 'text/plain; charset=UTF-8', 'text/html', '', 'Application/JSON')
const texts = fc.oneof(
  fc.constantFrom(
    TXID,
    `"${TXID}"`,
    JSON.stringify({ fundingTxId: TXID, fundingTxIndex: 1 }),
    JSON.stringify({ fundingTxId: 'x' }),
    '"splice attempt aborted"',
    '"splice attempt rejected by our peer: '.padEnd(90_000, 'x') + '"',
    'Disconnected',
    'AbortedByPeer(',
    '{"error":"x"}',
    '',
  ),
  fc.string(),
  fc.json(),
)
const replies: fc.Arbitrary<Reply> = fc.record({ status: statuses, type: types, body: texts })

/** Everything that a node could list, with any part of it replaced by anything. */
function mangled(good: unknown): fc.Arbitrary<string> {
  const paths = pathsOf(good, [])
  return fc
    .tuple(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 2 }))
    .map(([path, value]) => JSON.stringify([put(good, path, value)]))
}

function pathsOf(value: unknown, at: readonly string[]): string[][] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return [[...at], ...inner.flatMap(([name, child]) => pathsOf(child, [...at, name]))]
}

function put(value: unknown, [first, ...rest]: readonly string[], by: unknown): unknown {
  if (first === undefined) return by
  if (Array.isArray(value)) return value.map((each: unknown, n) => (`${n}` === first ? put(each, rest, by) : each))
  if (typeof value !== 'object' || value === null) return by
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [name, name === first ? put(child, rest, by) : child]),
  )
}

/** A server that answers what it is told to, and the two adapters before it. */
async function aLiar() {
  const lies = new Map<string, Reply>()
  const server = await startFormServer({
    handle: async ({ path }) => lies.get(path) ?? { status: 404, type: 'text/plain', body: '' },
    faultOf: () => null,
  })
  onTestFinished(() => server.close())
  const config = { url: server.url, password: PASSWORD }
  return {
    lies,
    eclair: eclairNode(eclairClient(config), { clock }),
    phoenixd: phoenixdNode(phoenixdClient(config), { clock }),
  }
}

/** A result says no more than what was answered. */
function expectNoMore(result: CommandResult, reply: Reply, isSuccess: boolean): void {
  expect(CommandResult.safeParse(result).success).toBe(true)
  const text = JSON.stringify(result)
  expect(text).not.toContain(PASSWORD)
  expect(text.length).toBeLessThan(400)
  if (result.type === 'taken') expect([isSuccess, result.txid]).toEqual([true, TXID])
  if (result.type === 'refused') expect([200, 400, 401, 404]).toContain(reply.status)
  if (reply.status === 400 && result.type === 'refused') expect(result.class).toBe('invalid')
}

const isJson = ({ type }: Reply): boolean => type.toLowerCase() === 'application/json'

describe('whatever is answered to a command', () => {
  test.each(['splice_out', 'splice_in'] as const)('a %s of an Eclair never throws', async (kind) => {
    const { lies, eclair } = await aLiar()
    await fc.assert(
      fc.asyncProperty(replies, async (reply) => {
        lies.set(kind === 'splice_in' ? '/splicein' : '/spliceout', reply)
        const success = reply.status === 200 && isJson(reply) && reply.body.includes(`"fundingTxId":"${TXID}"`)
        expectNoMore(await eclair.submit({ ...asked, kind }, callOf()), reply, success)
      }),
      { seed: 31, numRuns: 300 },
    )
  })

  test('a bump of an Eclair never throws', async () => {
    const { lies, eclair } = await aLiar()
    await fc.assert(
      fc.asyncProperty(replies, async (reply) => {
        lies.set('/rbfsplice', reply)
        const bump = { ...asked, kind: 'splice_in', txid: TXID, feeRateSatPerKw: 2_000 } as const
        const success = reply.status === 200 && isJson(reply) && reply.body.includes(`"fundingTxId":"${TXID}"`)
        expectNoMore(await eclair.bump(bump, callOf()), reply, success)
      }),
      { seed: 32, numRuns: 200 },
    )
  })

  test('a splice-out of a phoenixd never throws', async () => {
    const { lies, phoenixd } = await aLiar()
    await fc.assert(
      fc.asyncProperty(replies, async (reply) => {
        lies.set('/sendtoaddress', reply)
        const success = reply.status === 200 && reply.type.startsWith('text/plain') && reply.body === TXID
        expectNoMore(await phoenixd.submit(asked, callOf()), reply, success)
      }),
      { seed: 33, numRuns: 300 },
    )
  })
})

describe('whatever a node lists', () => {
  const json = (body: string): Reply => ({ status: 200, type: 'application/json', body })

  test('a look at an Eclair is sound, or none: no channel is left out of it', async () => {
    const { lies, eclair } = await aLiar()
    const info = { version: '0.14.0', nodeId: `02${'a'.repeat(64)}`, network: 'regtest', blockHeight: 7 }
    lies.set('/getinfo', json(JSON.stringify(info)))
    lies.set('/onchainbalance', json('{"confirmed":1}'))
    await fc.assert(
      fc.asyncProperty(mangled(eclairChannel), async (body) => {
        lies.set('/channels', json(body))
        await expectSound(eclair, body, 'state')
      }),
      { seed: 34, numRuns: 400 },
    )
  })

  test('a look at a phoenixd is sound, or none: no channel is left out of it', async () => {
    const { lies, phoenixd } = await aLiar()
    const info = {
      version: '0.8.0',
      nodeId: `02${'a'.repeat(64)}`,
      chain: 'regtest',
      blockHeight: 7,
      channels: [],
    }
    lies.set('/getinfo', json(JSON.stringify(info)))
    lies.set('/payments/outgoing', json('[]'))
    await fc.assert(
      fc.asyncProperty(mangled(phoenixdChannel), async (body) => {
        lies.set('/listchannels', json(body))
        await expectSound(phoenixd, body, 'type')
      }),
      { seed: 35, numRuns: 400 },
    )
  })
})

async function expectSound(node: ReturnType<typeof eclairNode>, body: string, stateField: string): Promise<void> {
  const look = await node.look(callOf())
  if (!look.ok) return expect(look.error.message.length).toBeLessThanOrEqual(500)
  expect(Network.safeParse(look.value.network).success).toBe(true)
  // Only what says by its state that it is no channel yet, or none any more, is not shown.
  if (look.value.channels.length === 0)
    expect(body).toMatch(new RegExp(`"${stateField}":"[^"]*(WAIT_FOR_|CLOSED|WaitFor|Closed|Aborted)`))
  for (const channel of look.value.channels) {
    if (channel.funding !== null) expect(Outpoint.safeParse(channel.funding).success).toBe(true)
    for (const figure of [channel.capacitySats, channel.outboundMsat, channel.inboundMsat]) {
      expect(Number.isSafeInteger(figure) && figure >= 0).toBe(true)
    }
  }
}
