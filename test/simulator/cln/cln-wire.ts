import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Agent, request } from 'undici'
import { onTestFinished } from 'vitest'
import * as z from 'zod'
import { startClnServer, type ClnServer } from '../../../simulator/cln/server.ts'
import { createWorld, type ClnNodeOptions, type SimulatedClnNode, type World } from '../../../simulator/world/world.ts'

export const START = Date.UTC(2026, 10, 30)
export const CAROL = 'carol'

const Json = z.record(z.string(), z.unknown())
type Json = z.infer<typeof Json>

const Channel = z.looseObject({
  channel_id: z.string(),
  state: z.string(),
  peer_connected: z.boolean(),
  owner: z.string().optional(),
  funding_txid: z.string(),
  funding_outnum: z.number(),
  short_channel_id: z.string().optional(),
  to_us_msat: z.number(),
  total_msat: z.number(),
  status: z.array(z.string()),
  state_changes: z.array(z.looseObject({ message: z.string(), new_state: z.string() })),
  inflight: z
    .array(
      z.object({
        funding_txid: z.string(),
        funding_outnum: z.number(),
        feerate: z.string(),
        total_funding_msat: z.number(),
        our_funding_msat: z.number(),
        splice_amount: z.number(),
        scratch_txid: z.string().optional(),
      }),
    )
    .default([]),
})
export type ShownChannel = z.infer<typeof Channel>

/** An answer of clnrest, and of the socket. */
export type Posted = { readonly status: number; readonly body: Json }
export type Reply = {
  readonly id?: unknown
  readonly result?: Json | undefined
  readonly error?: { readonly code: number; readonly message: string } | undefined
}
const Reply = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.unknown(),
  result: Json.optional(),
  error: z.looseObject({ code: z.number(), message: z.string() }).optional(),
})

/** A world with one Core Lightning node and its server, which end with the test. */
export async function clnOf(options: Partial<ClnNodeOptions> = {}): Promise<Cln> {
  const world = createWorld({
    seed: 'cln',
    startAt: START,
    nodes: [],
    feeRateSatPerKw: 253,
    clnNodes: [{ channels: [{ lockDepth: 1 }], ...options, name: CAROL }],
  })
  const node = world.clnNode(CAROL)
  const cln = new Cln(world, node, await startClnServer({ node }))
  onTestFinished(() => cln.close())
  return cln
}

/** Raw clients of a simulated node: HTTPS for clnrest, a unix socket for JSON-RPC. */
export class Cln {
  readonly world: World
  readonly node: SimulatedClnNode
  readonly server: ClnServer
  readonly #agent: Agent
  readonly #sockets: Socket[] = []
  #wire: Wire | null = null

  constructor(world: World, node: SimulatedClnNode, server: ClnServer) {
    this.world = world
    this.node = node
    this.server = server
    this.#agent = new Agent({ connect: { ca: server.ca } })
  }

  get channelId(): string {
    return this.node.channels()[0]?.channelId ?? ''
  }

  /** A call of clnrest. `null` as rune: no header. */
  async post(method: string, params: unknown = {}, rune: string | null = this.server.rune): Promise<Posted> {
    const { statusCode, body } = await request(`${this.server.url}/v1/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(rune === null ? {} : { rune }) },
      body: JSON.stringify(params),
      dispatcher: this.#agent,
    })
    return { status: statusCode, body: Json.parse(await body.json()) }
  }

  /** A request as a test wants it, at the server's address. */
  raw(...[options]: Parameters<Raw>): ReturnType<typeof request> {
    const { path, ...rest } = options
    return request(`${this.server.url}${path}`, { dispatcher: this.#agent, ...rest })
  }

  /** A call over the unix socket; all of a test share a connection. Rejects when the connection ends first. */
  async ask(method: string, params: unknown = {}): Promise<Reply> {
    this.#wire ??= await this.open()
    return this.#wire.ask(method, params)
  }

  /** The result of a call that succeeds. */
  async get(method: string, params: unknown = {}): Promise<Json> {
    const { result, error } = await this.ask(method, params)
    if (result === undefined) throw new Error(`${method}: ${error?.code ?? 0} ${error?.message ?? ''}`)
    return result
  }

  /** The error of a call that fails. */
  async fail(method: string, params: unknown = {}): Promise<{ code: number; message: string }> {
    const { error } = await this.ask(method, params)
    if (error === undefined) throw new Error(`${method} succeeded`)
    return { code: error.code, message: error.message }
  }

  /** A connection to the unix socket. */
  async open(): Promise<Wire> {
    const socket = connect(this.server.socketPath)
    socket.on('error', () => undefined)
    this.#sockets.push(socket)
    await once(socket, 'connect')
    return new Wire(socket)
  }

  /** The node's only channel, as listpeerchannels shows it. */
  async channel(): Promise<ShownChannel> {
    const { channels } = await this.get('listpeerchannels', { channel_id: this.channelId })
    return z.tuple([Channel]).parse(channels)[0]
  }

  /** Whether a call has not answered although what was sent after it has. */
  async hangs(call: Promise<Reply>): Promise<boolean> {
    const settled = call.then(
      () => false,
      () => false,
    )
    await this.get('getinfo')
    await this.get('getinfo')
    return Promise.race([settled, Promise.resolve(true)])
  }

  /** Types of the journal's lines about the node's only channel. */
  journal(...types: readonly string[]): string[] {
    return this.world.journal.entries
      .filter((entry) => types.includes(entry.type))
      .map((entry) => (entry.type === 'command_executed' ? String(entry.detail['method']) : entry.type))
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await this.#agent.destroy()
    await this.server.close()
  }
}

type Raw = (
  options: { readonly path: string } & NonNullable<Parameters<typeof request>[1]>,
) => ReturnType<typeof request>

/** One connection to the socket. */
export class Wire {
  readonly socket: Socket
  readonly #waiting = new Map<unknown, PromiseWithResolvers<Reply>>()
  #text = ''
  #id = 0

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      this.#text += chunk
      const parts = this.#text.split('\n\n')
      this.#text = parts.pop() ?? ''
      for (const part of parts) {
        const reply = Reply.parse(JSON.parse(part))
        this.#waiting.get(reply.id)?.resolve(reply)
        this.#waiting.delete(reply.id)
      }
    })
    socket.once('close', () => {
      for (const answer of this.#waiting.values()) answer.reject(new Error('the connection ended'))
    })
  }

  ask(method: string, params: unknown = {}): Promise<Reply> {
    const answer = Promise.withResolvers<Reply>()
    const id = `test:${method}#${(this.#id += 1)}`
    this.#waiting.set(id, answer)
    this.socket.write(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    return answer.promise
  }
}

/** The low-level flow of a splice-in, up to a step; answers the PSBT that is next. */
export async function spliceInTo(
  cln: Cln,
  step: 'funded' | 'init' | 'updated' | 'secured' | 'wallet_signed' | 'signed',
  options: { readonly sats?: number; readonly feerate?: string } = {},
): Promise<{ readonly psbt: string; readonly txid: string | null }> {
  const { channelId: channel_id } = cln
  const sats = options.sats ?? 100_000
  const feerate = options.feerate ?? '258perkw'
  const funded = await cln.get('fundpsbt', {
    satoshi: `${sats}sat`,
    feerate,
    startweight: 800,
    excess_as_change: true,
  })
  let psbt = String(funded['psbt'])
  if (step === 'funded') return { psbt, txid: null }
  const rate = { feerate_per_kw: Number.parseInt(feerate) }
  const init = { channel_id, relative_amount: sats, initialpsbt: psbt, ...rate }
  psbt = String((await cln.get('splice_init', init))['psbt'])
  if (step === 'init') return { psbt, txid: null }
  psbt = String((await cln.get('splice_update', { channel_id, psbt }))['psbt'])
  if (step === 'updated') return { psbt, txid: null }
  psbt = String((await cln.get('splice_update', { channel_id, psbt }))['psbt'])
  if (step === 'secured') return { psbt, txid: null }
  psbt = String((await cln.get('signpsbt', { psbt }))['signed_psbt'])
  if (step === 'wallet_signed') return { psbt, txid: null }
  const signed = await cln.get('splice_signed', { channel_id, psbt })
  return { psbt: String(signed['psbt']), txid: String(signed['txid']) }
}

/** The low-level flow of a splice-out to an address, up to a step. */
export async function spliceOutTo(
  cln: Cln,
  step: 'init' | 'updated' | 'secured' | 'signed',
  options: { readonly address: string; readonly sats?: number; readonly feeSats?: number },
): Promise<{ readonly psbt: string; readonly txid: string | null }> {
  const { channelId: channel_id } = cln
  const sats = options.sats ?? 50_000
  const relative_amount = -(sats + (options.feeSats ?? 300))
  const made = await cln.get('addpsbtoutput', { satoshi: sats, destination: options.address })
  const initialpsbt = String(made['psbt'])
  let psbt = String((await cln.get('splice_init', { channel_id, relative_amount, initialpsbt }))['psbt'])
  if (step === 'init') return { psbt, txid: null }
  psbt = String((await cln.get('splice_update', { channel_id, psbt }))['psbt'])
  if (step === 'updated') return { psbt, txid: null }
  psbt = String((await cln.get('splice_update', { channel_id, psbt }))['psbt'])
  if (step === 'secured') return { psbt, txid: null }
  const signed = await cln.get('splice_signed', { channel_id, psbt })
  return { psbt: String(signed['psbt']), txid: String(signed['txid']) }
}
