import { onTestFinished } from 'vitest'
import { eclairClient } from '../../adapters/node/eclair/client.ts'
import { eclairNode } from '../../adapters/node/eclair/node.ts'
import { ldkClient } from '../../adapters/node/ldk/client.ts'
import { LdkConfig } from '../../adapters/node/ldk/config.ts'
import { ldkNode } from '../../adapters/node/ldk/node.ts'
import { phoenixdClient } from '../../adapters/node/phoenixd/client.ts'
import { phoenixdNode } from '../../adapters/node/phoenixd/node.ts'
import { selfSignedCertificate } from '../../simulator/world/certificate.ts'
import type { WireFault as ClnWireFault } from '../../simulator/cln/wire-faults.ts'
import type { WireFault } from '../../simulator/world/form-server.ts'
import { startLdkServer } from '../../simulator/ldk/server.ts'
import { createWorld, type RequestFault, type SimulatedNode, type World } from '../../simulator/world/world.ts'
import type { Capabilities } from '../../core/ports/node.ts'
import type { Clock, NodePort } from '../../core/ports/ports.ts'
import { aCln, type ClnWay } from '../../harness/nodes/cln-nodes.ts'
import { anEclair, aPhoenixd, PASSWORD } from '../../harness/nodes/http-nodes.ts'
import { START } from '../../harness/keeper/times.ts'

/** What can go wrong with a command between us and a node. */
export type Fault =
  | 'reset before'
  | 'reset after'
  | 'slow'
  | 'half a body'
  | 'wrong content type'
  | 'no answer of its'
  | '401'
  | '403'
  | '500'
  | '502'
  | '504 after'

/** A simulated node served over its own protocol, our adapter at the other end, and the levers that every node has. */
export type Contracted = {
  readonly world: World
  readonly node: Pick<SimulatedNode, 'nodeId' | 'disconnectPeer' | 'connectPeer'>
  readonly port: NodePort
  /** The same node with a credential that it does not know; null: it asks for none. */
  readonly stranger: NodePort | null
  /** Its only channel: id, peer, funding outpoint. */
  channel(): {
    readonly channelId: string
    readonly peerId: string
    readonly userChannelId: string | null
    readonly submittedOn: string
  }
  /** Hits the call of a splice-out that decides, or the first that does anything. */
  strike(fault: Fault, at: 'first' | 'last'): void
  /** Hits a read of the next look. */
  strikeLook(fault: Fault): void
  /** A call, which ends where its answer is slow. */
  readonly call: () => { readonly signal: AbortSignal }
  /** Nobody listens at the address any more. */
  stop(): Promise<void>
}

/** A node of the table: how to have one, what it can do, and which faults its wire has. */
export type NodeKind = {
  readonly name: string
  readonly start: () => Promise<Contracted>
  readonly faults: readonly Fault[]
  readonly can: Pick<Capabilities, 'spliceIn' | 'setsFeeRate' | 'queuesOffline'> & {
    readonly bumps: readonly ('splice_in' | 'splice_out')[]
    readonly addresses: boolean
    /** Whether the port can bring the peer back: phoenixd does by itself. */
    readonly connects: boolean
    /** Whether a command takes several calls. */
    readonly steps: boolean
    /** Whether it asks who we are, and whether a read can be hit by itself. */
    readonly credentials: boolean
    readonly faultyReads: boolean
    /** Whether a read that fails is sent again. */
    readonly repeatsReads: boolean
  }
}

const callNow = () => ({ signal: new AbortController().signal })

/** Calls whose end a test can bring about. */
function endable() {
  const open: AbortController[] = []
  const call = () => {
    const controller = new AbortController()
    open.push(controller)
    return { signal: controller.signal }
  }
  return { call, end: () => open.forEach((controller) => controller.abort()) }
}

function channelOf(node: SimulatedNode) {
  return () => {
    const [own] = node.channels()
    if (own === undefined) throw new Error('no channel')
    const { channelId, peerId, userChannelId, funding } = own
    return { channelId, peerId, userChannelId, submittedOn: `${funding.txid}:${funding.vout}` }
  }
}

const certificate = selfSignedCertificate()
const KEYS = { known: '7a'.repeat(32), unknown: '7b'.repeat(32) } as const

/** ldk-server's own levers are those of its wire: a request or its answer is lost, or refused by status. */
const LDK_FAULTS: Partial<Record<Fault, RequestFault>> = {
  'reset before': { type: 'drop' },
  'reset after': { type: 'lose_reply' },
  '401': { type: 'refuse', status: 16 },
  '500': { type: 'refuse', status: 13 },
}

async function anLdkServer(): Promise<Contracted> {
  const world = createWorld({
    seed: 'contract',
    startAt: START,
    nodes: [{ name: 'alice', channels: [{}], overlapGuard: true }],
  })
  const node = world.node('alice')
  const clock: Clock = { now: () => world.now() }
  const server = await startLdkServer({ rpc: node.rpc, apiKey: KEYS.known, clock, certificate })
  onTestFinished(() => server.close())
  const portWith = (apiKey: string): NodePort => {
    const client = ldkClient(LdkConfig.parse({ ...server, auth: { scheme: 'hmac', apiKey } }), clock)
    onTestFinished(() => client.close())
    return ldkNode(client, { clock, overlapGuard: true })
  }
  return {
    world,
    node,
    port: portWith(KEYS.known),
    stranger: portWith(KEYS.unknown),
    channel: channelOf(node),
    strike(fault) {
      const lever = LDK_FAULTS[fault]
      if (lever === undefined) throw new Error(`ldk-server has no ${fault}`)
      node.fault(lever)
    },
    strikeLook() {
      throw new Error('what hits the reads of an ldk-server is a node that is down')
    },
    call: callNow,
    stop: () => server.close(),
  }
}

function clnFaultOf(fault: Fault): ClnWireFault {
  switch (fault) {
    case 'reset before':
      return { type: 'reset_before' }
    case 'reset after':
      return { type: 'reset_after' }
    case 'slow':
      return { type: 'held' }
    case 'half a body':
      return { type: 'half_body' }
    case 'wrong content type':
      return { type: 'wrong_content_type' }
    case 'no answer of its':
      return { type: 'no_json' }
    case '504 after':
      return { type: 'status', status: 504, executes: true }
    default:
      return { type: 'status', status: Number(fault) }
  }
}

function aCoreLightning(way: ClnWay) {
  return async (): Promise<Contracted> => {
    const stage = await aCln(way)
    const { world, node, port, server, patience } = stage
    return {
      world,
      node,
      port,
      stranger: way === 'socket' ? null : stage.portWith('AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='),
      channel() {
        const [own] = node.channels()
        if (own === undefined) throw new Error('no channel')
        const { channelId, peerId, funding } = own
        return { channelId, peerId, userChannelId: null, submittedOn: `${funding.txid}:${funding.vout}` }
      },
      strike(fault, at) {
        server.wire.next(clnFaultOf(fault), { method: at === 'first' ? 'splice_init' : 'splice_signed' })
      },
      strikeLook: (fault) => server.wire.next(clnFaultOf(fault), { method: 'listpeerchannels' }),
      call: patience.call,
      stop: () => server.close(),
    }
  }
}

function formFaultOf(fault: Fault): WireFault {
  switch (fault) {
    case 'reset before':
    case 'reset after':
      return { type: 'reset', executes: fault === 'reset after' }
    case 'slow':
      return { type: 'slow', executes: true }
    case 'half a body':
      return { type: 'half_body' }
    case 'wrong content type':
      return { type: 'content_type', value: 'text/html' }
    case 'no answer of its':
      return { type: 'body', body: '<html>', executes: true }
    case '504 after':
      return { type: 'status', status: 504, body: '', executes: true }
    default:
      return { type: 'status', status: Number(fault), body: '', executes: false }
  }
}

type FormStage = Awaited<ReturnType<typeof anEclair>> | Awaited<ReturnType<typeof aPhoenixd>>

function overForms(stage: FormStage, portWith: (password: string) => NodePort, channels: string): Contracted {
  const { world, node, server } = stage
  const { call, end } = endable()
  return {
    world,
    node,
    port: portWith(PASSWORD),
    stranger: portWith('another'),
    channel: channelOf(node),
    strike(fault) {
      if (fault === 'slow') server.onHeld(end)
      server.fault(formFaultOf(fault))
    },
    strikeLook(fault) {
      if (fault === 'slow') server.onHeld(end)
      server.fault(formFaultOf(fault), channels)
    },
    call,
    stop: () => server.close(),
  }
}

async function anEclairNode(): Promise<Contracted> {
  const stage = await anEclair()
  const { server, clock } = stage
  return overForms(stage, (password) => eclairNode(eclairClient({ url: server.url, password }), { clock }), '/channels')
}

async function aPhoenixdNode(): Promise<Contracted> {
  const stage = await aPhoenixd()
  const { server, clock } = stage
  const portWith = (password: string) => phoenixdNode(phoenixdClient({ url: server.url, password }), { clock })
  return overForms(stage, portWith, '/listchannels')
}

const SOCKET: readonly Fault[] = ['reset before', 'reset after', 'slow', 'half a body', 'no answer of its']
const HTTP: readonly Fault[] = [...SOCKET, 'wrong content type', '401', '403', '500', '502', '504 after']

const both = ['splice_in', 'splice_out'] as const
const cln = {
  spliceIn: true,
  setsFeeRate: true,
  queuesOffline: false,
  bumps: both,
  addresses: true,
  connects: true,
  steps: true,
  credentials: true,
  faultyReads: true,
  repeatsReads: true,
}

/** Every adapter there is, over what its node speaks. */
export const NODE_KINDS: readonly NodeKind[] = [
  {
    name: 'ldk-server',
    start: anLdkServer,
    faults: ['reset before', 'reset after', '401', '500'],
    can: { ...cln, setsFeeRate: false, queuesOffline: true, steps: false, faultyReads: false },
  },
  { name: 'Core Lightning over clnrest', start: aCoreLightning('clnrest'), faults: HTTP, can: cln },
  {
    name: 'Core Lightning over its socket',
    start: aCoreLightning('socket'),
    faults: SOCKET,
    can: { ...cln, credentials: false, repeatsReads: false },
  },
  {
    name: 'Eclair',
    start: anEclairNode,
    faults: HTTP,
    can: { ...cln, bumps: ['splice_in'], steps: false },
  },
  {
    name: 'phoenixd',
    start: aPhoenixdNode,
    faults: HTTP,
    can: {
      ...cln,
      spliceIn: false,
      setsFeeRate: false,
      bumps: [],
      addresses: false,
      connects: false,
      steps: false,
    },
  },
]
