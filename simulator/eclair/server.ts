import { atFeeRate, optionsNow, peersOf, valueOf } from '../world/rpc-now.ts'
import { awaitRound, type Trouble } from '../world/awaited-round.ts'
import {
  startFormServer,
  type FormReply,
  type FormRequest,
  type FormServer,
  type WireFault,
} from '../world/form-server.ts'
import type { Channel, SimulatedNode, World } from '../world/world.ts'
import { channelOf, infoOf } from './answers.ts'

const DEFAULT_TIMEOUT_SECONDS = 30
const SAT_PER_KW_PER_VB = 250
const COMMANDS: readonly string[] = ['/splicein', '/spliceout', '/rbfsplice']

/** A fault for a request: on the wire, or in the round that it starts. */
export type EclairFault = WireFault | { readonly type: 'trouble'; readonly trouble: Trouble }

export type EclairServerOptions = {
  readonly world: World
  readonly node: SimulatedNode
  readonly password: string
}

export type EclairServer = FormServer & {
  /** Adds a fault for the next request to the path, or for the next command. */
  fault(fault: EclairFault, path?: string): void
}

const json = (value: unknown, status = 200): FormReply => ({
  status,
  type: 'application/json',
  body: JSON.stringify(value),
})
const rejected = (status: number): FormReply => json({ error: 'API call failed: check logs for more details' }, status)

/** The channel refuses or fails the command: HTTP 200 with a JSON string. */
class Failed extends Error {}
/** A refusal before the command reaches a channel. */
class Rejection extends Error {}

class SimulatedEclair {
  readonly #world: World
  readonly #node: SimulatedNode
  readonly #password: string
  readonly #faults: { readonly path: string | null; readonly fault: EclairFault }[] = []

  constructor({ world, node, password }: EclairServerOptions) {
    this.#world = world
    this.#node = node
    this.#password = password
  }

  fault(fault: EclairFault, path?: string): void {
    this.#faults.push({ path: path ?? null, fault })
  }

  wireFaultOf(request: FormRequest): WireFault | null {
    const fault = this.#taken(request, (each) => each.type !== 'trouble')
    return fault === null || fault.type === 'trouble' ? null : fault
  }

  async handle(request: FormRequest): Promise<FormReply> {
    if (request.password !== this.#password) return json({ error: 'The supplied authentication' }, 401)
    if (request.method !== 'POST') return json({ error: 'HTTP method not allowed' }, 405)
    try {
      return await this.#answer(request)
    } catch (error) {
      if (error instanceof Failed) return json(error.message)
      return rejected(error instanceof Rejection ? 400 : 500)
    }
  }

  #taken(request: FormRequest, fits: (fault: EclairFault) => boolean): EclairFault | null {
    const meant = (path: string | null) => path === request.path || (path === null && COMMANDS.includes(request.path))
    const at = this.#faults.findIndex(({ path, fault }) => meant(path) && fits(fault))
    return at === -1 ? null : (this.#faults.splice(at, 1)[0]?.fault ?? null)
  }

  async #answer(request: FormRequest): Promise<FormReply> {
    const node = this.#node
    const { rpc } = node
    const now = optionsNow(this.#world)
    const connected = await peersOf(node, this.#world)
    const shown = (channel: Channel) => channelOf(this.#world, channel, connected.includes(channel.peerId))
    switch (request.path) {
      case '/getinfo':
        return json(infoOf(this.#world, node))
      case '/channels':
        return json(this.#open().map(shown))
      case '/channel':
        return json(shown(this.#channel(request)))
      case '/onchainbalance':
        return json({
          confirmed: (await valueOf(rpc.getBalances(now))).spendableOnchainSats,
          unconfirmed: 0,
        })
      case '/getnewaddress':
        return json(await valueOf(rpc.onchainReceive(now)))
      case '/connect':
        node.connectPeer(request.fields.get('nodeId') ?? '')
        return json('connected')
      case '/splicein':
        return this.#splice(request, 'splice_in', connected)
      case '/spliceout':
        return this.#splice(request, 'splice_out', connected)
      case '/rbfsplice':
        return this.#replace(request, connected)
      default:
        return json({ error: 'The requested resource could not be found.' }, 404)
    }
  }

  #open(): Channel[] {
    return this.#node.channels().filter(({ status }) => status !== 'closed')
  }

  #channel(request: FormRequest): Channel {
    const channel = this.#open().find(({ channelId }) => channelId === request.fields.get('channelId'))
    if (channel === undefined) throw new Rejection()
    return channel
  }

  /** Eclair's own refusals of a splice or a replacement (docs/reference/eclair.md 4). */
  #refuseEarly(channel: Channel, command: 'splice' | 'rbf', connected: readonly string[]): void {
    const unavailable = (state: string) => new Failed(`cannot execute command=${command} in state=${state}`)
    if (!connected.includes(channel.peerId)) throw unavailable('OFFLINE')
    if (channel.status !== 'open') throw unavailable('SHUTDOWN')
    if (channel.queued !== null || channel.negotiation !== null)
      throw new Failed('invalid splice attempt: the current splice attempt must be completed or aborted first')
  }

  async #splice(
    request: FormRequest,
    kind: 'splice_in' | 'splice_out',
    connected: readonly string[],
  ): Promise<FormReply> {
    const channel = this.#channel(request)
    const amountSats = wholeOf(request, kind === 'splice_in' ? 'amountIn' : 'amountOut')
    const address = request.fields.get('address') ?? ''
    this.#refuseEarly(channel, 'splice', connected)
    const [pending, ...others] = channel.candidates
    const unconfirmed = `invalid splice attempt: the current funding transaction is still unconfirmed (txId=${pending?.funding.txid}), you should use tx_init_rbf instead`
    if (others.length > 0) throw new Failed(unconfirmed)
    // Eclair itself asks the peer, and the peer refuses (docs/reference/eclair.md 2).
    if (pending !== undefined) throw new Failed(`splice attempt rejected by our peer: ${unconfirmed}`)
    const { rpc } = this.#node
    const { userChannelId, peerId: counterpartyNodeId } = channel
    const order = { userChannelId, counterpartyNodeId, amountSats }
    const options = optionsNow(this.#world)
    const answer =
      kind === 'splice_in' ? await rpc.spliceIn(order, options) : await rpc.spliceOut({ ...order, address }, options)
    return this.#outcome(request, channel, answer.ok ? 0 : answer.error.status)
  }

  /**
   * Replaces with the given feerate and the same contribution (docs/reference/eclair.md 2). A splice-out is
   * refused, because nothing pays the higher fee.
   */
  async #replace(request: FormRequest, connected: readonly string[]): Promise<FormReply> {
    const channel = this.#channel(request)
    const asked = wholeOf(request, 'targetFeerateSatByte') * SAT_PER_KW_PER_VB
    const budgetSats = wholeOf(request, 'fundingFeeBudgetSatoshis')
    this.#refuseEarly(channel, 'rbf', connected)
    const last = channel.candidates.at(-1)
    if (channel.lockDepth === 0)
      throw new Failed("cannot initiate rbf: we're using zero-conf for this interactive-tx attempt")
    if (last === undefined || this.#world.chain.confirmations(last.funding.txid) !== 0)
      throw new Failed('no need to rbf, transaction is already confirmed')
    const least = Math.max(Math.ceil((last.feeRateSatPerKw * 25) / 24), last.feeRateSatPerKw + 25)
    if (asked < least || last.ours?.kind !== 'splice_in')
      throw new Failed(`invalid rbf attempt: the feerate must be at least ${least}, you proposed ${asked}`)
    if ((last.oursFeeSats * asked) / last.feeRateSatPerKw > budgetSats) throw new Failed('channel funding error')
    const { userChannelId, peerId: counterpartyNodeId } = channel
    const answer = await atFeeRate(this.#world, asked, () =>
      this.#node.rpc.bumpFee({ userChannelId, counterpartyNodeId }, optionsNow(this.#world)),
    )
    return this.#outcome(request, channel, answer.ok ? 0 : answer.error.status)
  }

  #outcome(request: FormRequest, channel: Channel, status: number | null): FormReply {
    if (status === null) return null
    if (status === 3) throw new Rejection()
    if (status !== 0) throw new Failed('invalid splice request')
    const fault = this.#taken(request, (each) => each.type === 'trouble')
    const trouble = fault?.type === 'trouble' ? fault.trouble : null
    const seconds = Number(request.fields.get('timeoutSeconds') ?? DEFAULT_TIMEOUT_SECONDS)
    const round = awaitRound(this.#world, this.#node, channel.channelId, trouble, seconds * 1000)
    switch (round.type) {
      case 'negotiated':
        return json({ fundingTxIndex: 1, fundingTxId: round.txid, capacity: 0, balance: 0 })
      case 'restarted':
        return null
      case 'timeout':
        return rejected(500)
      case 'failed':
        throw new Failed(FAILURES[round.why])
    }
  }
}

const FAILURES = {
  disconnected: 'splice attempt failed: disconnected',
  aborted: 'splice attempt aborted',
  canceled: 'splice attempt canceled, remote initiated splice before us',
} as const

function wholeOf({ fields }: FormRequest, name: string): number {
  const text = fields.get(name) ?? ''
  if (!/^\d{1,16}$/.test(text)) throw new Rejection()
  return Number(text)
}

/**
 * Serves a simulated node as an Eclair (docs/reference/eclair.md): form bodies, a password, its answers and refusals. A
 * splice is answered once it is negotiated; the world's time advances while a command waits for the peer.
 */
export async function startEclairServer(options: EclairServerOptions): Promise<EclairServer> {
  const eclair = new SimulatedEclair(options)
  const server = await startFormServer({
    handle: (request) => eclair.handle(request),
    faultOf: (request) => eclair.wireFaultOf(request),
  })
  return { ...server, fault: (fault, path) => eclair.fault(fault, path) }
}
