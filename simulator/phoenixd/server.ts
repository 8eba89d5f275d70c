import { capacities } from '../ldk/balance.ts'
import { awaitRound, type Trouble } from '../world/awaited-round.ts'
import {
  startFormServer,
  type FormReply,
  type FormRequest,
  type FormServer,
  type WireFault,
} from '../world/form-server.ts'
import { atFeeRate, optionsNow, peersOf } from '../world/rpc-now.ts'
import type { Channel, SimulatedNode, World } from '../world/world.ts'
import { infoOf, listedOf, paymentsOf } from './answers.ts'

const SAT_PER_KW_PER_VB = 250
/** phoenixd waits for its peer forever; the simulation stops after a minute of world time. */
const WAITS_MS = 60_000
const COMMAND = '/sendtoaddress'

/** A fault for a request: on the wire, or in the round that it starts. */
export type PhoenixdFault = WireFault | { readonly type: 'trouble'; readonly trouble: Trouble }

export type PhoenixdServerOptions = {
  readonly world: World
  /** A node with zero-conf channels, as phoenixd's are. */
  readonly node: SimulatedNode
  readonly password: string
  /** A password that permits reading but not spending. */
  readonly limitedPassword?: string
}

export type PhoenixdServer = FormServer & {
  /** Adds a fault for the next request to the path, or for the next command. */
  fault(fault: PhoenixdFault, path?: string): void
}

const text = (body: string, status = 200): FormReply => ({ status, type: 'text/plain; charset=UTF-8', body })
const json = (value: unknown): FormReply => ({
  status: 200,
  type: 'application/json',
  body: JSON.stringify(value),
})

const FAILURES = {
  disconnected: 'Disconnected',
  aborted: 'AbortedByPeer(reason=no thanks)',
  canceled: 'ConcurrentRemoteSplice',
} as const

class SimulatedPhoenixd {
  readonly #options: PhoenixdServerOptions
  readonly #faults: { readonly path: string; readonly fault: PhoenixdFault }[] = []

  constructor(options: PhoenixdServerOptions) {
    this.#options = options
  }

  fault(fault: PhoenixdFault, path = COMMAND): void {
    this.#faults.push({ path, fault })
  }

  wireFaultOf(request: FormRequest): WireFault | null {
    const fault = this.#taken(request, (each) => each.type !== 'trouble')
    return fault === null || fault.type === 'trouble' ? null : fault
  }

  async handle(request: FormRequest): Promise<FormReply> {
    const { world, node, password, limitedPassword } = this.#options
    const isCommand = request.path === COMMAND
    const passwords = isCommand ? [password] : [password, limitedPassword]
    const accepted = request.password !== null && passwords.includes(request.password)
    if (!accepted)
      return text('Invalid authentication (use basic auth with the http password set in phoenix.conf)', 401)
    if (request.method !== (isCommand ? 'POST' : 'GET'))
      return text('Invalid http method (use the correct GET/POST)', 405)
    const connected = await peersOf(node, world)
    switch (request.path) {
      case '/getinfo':
        return json(infoOf(world, node, connected))
      case '/listchannels':
        return json(listedOf(world, node, connected))
      case '/payments/outgoing':
        return json(paymentsOf(world, node, request.fields))
      case COMMAND:
        return this.#pay(request, connected)
      default:
        return text('Unknown endpoint (check api doc)', 404)
    }
  }

  #taken(request: FormRequest, fits: (fault: PhoenixdFault) => boolean): PhoenixdFault | null {
    const at = this.#faults.findIndex(({ path, fault }) => path === request.path && fits(fault))
    return at === -1 ? null : (this.#faults.splice(at, 1)[0]?.fault ?? null)
  }

  /** The channel that phoenixd picks: the first one that is open, connected and holds the amount. */
  #picked(amountSats: number, connected: readonly string[]): Channel | undefined {
    return this.#options.node
      .channels()
      .find(
        (channel) =>
          channel.status === 'open' &&
          channel.opening === null &&
          connected.includes(channel.peerId) &&
          capacities(channel).outboundMsat >= amountSats * 1000,
      )
  }

  async #pay({ path, method, password, fields }: FormRequest, connected: readonly string[]): Promise<FormReply> {
    const { world, node } = this.#options
    const amountSats = Number(fields.get('amountSat'))
    const satPerVb = Number(fields.get('feerateSatByte'))
    const address = fields.get('address')
    if (!Number.isSafeInteger(amountSats) || !(satPerVb > 0) || address === null)
      return text('Parameter is missing or not valid')
    const channel = this.#picked(amountSats, connected)
    if (channel === undefined) return text('no channel available')
    if (channel.queued !== null || channel.negotiation !== null) return text('SpliceAlreadyInProgress')
    const { userChannelId, peerId: counterpartyNodeId } = channel
    const order = { userChannelId, counterpartyNodeId, amountSats, address }
    const answer = await atFeeRate(world, satPerVb * SAT_PER_KW_PER_VB, () =>
      node.rpc.spliceOut(order, optionsNow(world)),
    )
    if (!answer.ok) {
      if (answer.error.status === null) return null
      return text(
        answer.error.status === 3 ? 'InvalidSpliceOutPubKeyScript' : 'InsufficientFunds(balanceAfterFees=0 msat)',
      )
    }
    const fault = this.#taken({ path, method, password, fields }, (each) => each.type === 'trouble')
    const trouble = fault?.type === 'trouble' ? fault.trouble : null
    const round = awaitRound(world, node, channel.channelId, trouble, WAITS_MS)
    if (round.type === 'negotiated') return text(round.txid)
    // With a silent peer, the call hangs until the client or the process ends it.
    return round.type === 'failed' ? text(FAILURES[round.why]) : null
  }
}

/**
 * Serves a simulated node as a phoenixd (docs/reference/phoenixd.md). It picks the channel and takes a
 * feerate. It answers a splice-out once it is negotiated, always with HTTP 200 and plain text.
 */
export async function startPhoenixdServer(options: PhoenixdServerOptions): Promise<PhoenixdServer> {
  const phoenixd = new SimulatedPhoenixd(options)
  const server = await startFormServer({
    handle: (request) => phoenixd.handle(request),
    faultOf: (request) => phoenixd.wireFaultOf(request),
  })
  return { ...server, fault: (fault, path) => phoenixd.fault(fault, path) }
}
