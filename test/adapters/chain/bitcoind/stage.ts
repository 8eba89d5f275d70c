import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import * as z from 'zod'
import { bitcoind, type BitcoindConfig } from '../../../../adapters/chain/bitcoind/bitcoind.ts'
import { outpointOf } from '../../../../core/bitcoin/outpoint.ts'
import type { ChainFault } from '../../../../core/ports/chain.ts'
import type { ChainPort } from '../../../../core/ports/ports.ts'
import { err, ok } from '../../../../core/values/result.ts'
import { ChainRpcError, type SpenderIndex } from '../../../../simulator/chain/bitcoind-method.ts'
import { chainRpc } from '../../../../simulator/chain/bitcoind-methods.ts'
import { createWorld, simulatedChainPort, type World } from '../../../../simulator/world/world.ts'

const START = Date.UTC(2026, 10, 22)
const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
export const USER = 'splicekeeper'
export const PASSWORD = 'correct-horse-battery'
export const NOWHERE = '0'.repeat(64)
export const call = { signal: new AbortController().signal }
export const unreachable = { ok: false, error: { class: 'unreachable' } }
export const faultOf = (message: string, kind: ChainFault['class'] = 'unreachable') => err({ class: kind, message })
export const unknown = ok({ own: 'unknown', valueSats: null, spender: null })

/** What a method answers instead of the truth: a result, or something of its own. */
export type Answer = (truth: Truth, params: readonly unknown[], earlier: number) => unknown

type Truth = (params?: readonly unknown[]) => Promise<unknown>
export type RawAnswer = (response: ServerResponse, id: unknown) => void

type Node = {
  readonly world: World
  readonly chain: ChainPort
  readonly url: string
  /** Methods in the order in which they were called, and what each was asked. */
  readonly calls: { readonly method: string; readonly params: readonly unknown[] }[]
  /** Requests whose credentials were refused. */
  readonly refused: () => number
  readonly another: (config: Partial<BitcoindConfig>) => ChainPort
}

type Lies = {
  readonly answers?: Readonly<Record<string, Answer>>
  readonly raw?: Readonly<Record<string, RawAnswer>>
  readonly password?: () => string
  readonly config?: Partial<BitcoindConfig>
  readonly spenderIndex?: SpenderIndex
}

const Request = z.object({ id: z.unknown(), method: z.string(), params: z.array(z.unknown()) })

/** A Bitcoin Core over a simulated chain that tells the truth, but for what a test has it say. */
export async function node(lies: Lies = {}): Promise<Node> {
  const world = createWorld({ seed: 'bitcoind', startAt: START })
  const { spenderIndex = 'absent' } = lies
  const methods = chainRpc({ source: simulatedChainPort(world.chain), chain: world.chain, spenderIndex })
  const calls: Node['calls'][number][] = []
  let refused = 0
  const server = createServer((request, response) => {
    const expected = `Basic ${Buffer.from(`${USER}:${lies.password?.() ?? PASSWORD}`).toString('base64')}`
    if (request.headers.authorization !== expected) {
      refused += 1
      response.writeHead(401).end()
      return
    }
    void answered()
    async function answered(): Promise<void> {
      const { id, method, params } = Request.parse(JSON.parse(await text(request)))
      const earlier = calls.filter((each) => each.method === method).length
      calls.push({ method, params })
      const raw = lies.raw?.[method]
      if (raw !== undefined) return raw(response, id)
      const truth: Truth = async (other) => methods[method]?.(other ?? params, call)
      try {
        const answer = lies.answers?.[method]
        const result = answer === undefined ? await truth() : await answer(truth, params, earlier)
        response.end(JSON.stringify({ result, error: null, id }))
      } catch (error) {
        if (!(error instanceof ChainRpcError)) throw error
        const { code, message } = error
        response.writeHead(500).end(JSON.stringify({ result: null, error: { code, message }, id }))
      }
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}/`
  const another = (config: Partial<BitcoindConfig>): ChainPort =>
    bitcoind({ url, network: 'regtest', user: USER, password: PASSWORD, ...config })
  return { world, chain: another(lies.config ?? {}), url, calls, refused: () => refused, another }
}

export function channelOf(world: World) {
  const channel = world.node('alice').channels()[0]
  if (channel === undefined) throw new Error('no channel')
  return channel
}

export const anchorOf = (world: World): string => {
  const { txid, vout } = channelOf(world).funding
  return outpointOf(txid, vout)
}

/** A splice-out of the channel whose transaction is in the mempool; answers what it spends and its txid. */
export async function spliced(world: World): Promise<{ submittedOn: string; txid: string }> {
  const { userChannelId, peerId, channelId } = channelOf(world)
  const submittedOn = anchorOf(world)
  const request = { userChannelId, counterpartyNodeId: peerId, amountSats: 50_000, address: ADDRESS }
  await world.node('alice').rpc.spliceOut(request, call)
  world.advance(2_000)
  const txid = world.node('alice').channel(channelId).candidates[0]?.funding.txid
  if (txid === undefined) throw new Error('no candidate')
  return { submittedOn, txid }
}

/** Two splices one after the other: the second spends an output of the first, whose payout stays unspent. */
export async function splicedTwice(world: World): Promise<{ submittedOn: string; txid: string }> {
  await spliced(world)
  world.mine(7)
  world.advance(2_000)
  return spliced(world)
}

export const asked = ({ calls }: Node, method: string): number => calls.filter((each) => each.method === method).length
