import { expect, onTestFinished } from 'vitest'
import { clnPermissions, clnRpcOf } from '../../adapters/node/cln/client.ts'
import { ClnConfig } from '../../adapters/node/cln/config.ts'
import { clnNode } from '../../adapters/node/cln/node.ts'
import { startClnServer } from '../../simulator/cln/server.ts'
import { createWorld, type ClnNodeOptions, type World } from '../../simulator/world/world.ts'
import type { SpliceRequest } from '../../core/accept/accept-splice.ts'
import type { Call, NodePort } from '../../core/ports/ports.ts'
import type { Splice, SpliceKind } from '../../core/splice/splice.ts'
import { startKeeper, type Keeper } from '../keeper/keeper.ts'
import type { KeeperOptions } from '../keeper/options.ts'
import { HOUR, MINUTE, START } from '../keeper/times.ts'
import { SCRIPT } from '../values.ts'

/** The ways to a Core Lightning. */
export const CLN_WAYS = ['clnrest', 'socket'] as const
export type ClnWay = (typeof CLN_WAYS)[number]

/** What docs/nodes/core-lightning.md has an operator create. */
export const METHODS = [
  ...['getinfo', 'listpeerchannels', 'feerates', 'listfunds', 'listchannels', 'addpsbtoutput', 'fundpsbt'],
  ...['signpsbt', 'unreserveinputs', 'splice_init', 'splice_update', 'splice_signed', 'abort_channels'],
  ...['newaddr', 'connect'],
] as const

/** As long as a function waits for a command (`COMMAND_MS`). */
const PATIENCE_MS = 30_000

/**
 * Calls that end when their time is over, in the time of a world that moves only while somebody waits: a request that the node
 * keeps waiting lets the time of a call pass, and then its caller gives up. What comes later finds nobody.
 */
class Patience {
  readonly #world: World
  #open: AbortController[] = []

  constructor(world: World) {
    this.#world = world
  }

  readonly call = (): Call => {
    const controller = new AbortController()
    this.#open.push(controller)
    return { signal: controller.signal }
  }

  /** Waits for what may never come; the time of every call passes meanwhile. */
  async wait<T>(coming: Promise<T>): Promise<T> {
    if (await isSettled(coming)) return coming
    this.#world.advance(PATIENCE_MS)
    if (!(await isSettled(coming))) this.end()
    return coming
  }

  end(): void {
    const open = this.#open
    this.#open = []
    for (const controller of open) controller.abort()
  }
}

/** Whether a promise is settled when everything that was started has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  )
  const later = async (): Promise<boolean> => {
    for (let n = 0; n < 10; n++) await Promise.resolve()
    return false
  }
  return Promise.race([settled, later()])
}

/** A simulated Core Lightning with one channel, its servers, and our adapter at the other end of TLS or of a socket. */
export async function aCln(way: ClnWay, node: Partial<ClnNodeOptions> = {}) {
  const world = createWorld({
    seed: 'cln-nodes',
    startAt: START,
    nodes: [],
    clnNodes: [{ channels: [{}], ...node, name: 'alice' }],
  })
  const alice = world.clnNode('alice')
  const patience = new Patience(world)
  const server = await startClnServer({
    node: {
      get alive() {
        return alice.alive
      },
      call: (request) => patience.wait(alice.call(request)),
      createRune: (restrictions) => alice.createRune(restrictions),
      onExit: (listener) => alice.onExit(listener),
    },
    rune: alice.createRune([METHODS.map((method) => `method=${method}`)]),
  })
  onTestFinished(() => server.close())
  server.wire.onHeld(() => {
    world.advance(PATIENCE_MS)
    patience.end()
  })
  const clock = { now: () => world.now() }
  const { url, ca: certificate, rune, socketPath } = server
  const portOf = (one: ClnWay, held = rune) => {
    const config = ClnConfig.parse(one === 'clnrest' ? { url, certificate, rune: held } : { socketPath })
    const permissions = clnPermissions(config)
    return { permissions, port: clnNode(clnRpcOf(config, clock), { clock, network: 'regtest', permissions }) }
  }
  const { port, permissions } = portOf(way)
  // A look over TLS takes ten times as long: long lives look over the socket.
  const nearby = portOf('socket').port
  const quick: NodePort = { ...port, look: (call) => nearby.look(call) }
  /** Over clnrest, with another rune. */
  const portWith = (other: string): NodePort => portOf('clnrest', other).port
  return { world, node: alice, server, clock, port, patience, permissions, quick, portWith }
}

export type ClnStage = Awaited<ReturnType<typeof aCln>>

/** Splicekeeper over the adapter of a stage. */
export function clnKeeper({ world, quick: port, patience }: ClnStage, options: KeeperOptions = {}): Promise<Keeper> {
  const wrap: KeeperOptions['wrap'] = (ports) => ({ ...ports, call: patience.call })
  return startKeeper({ port, ...options, world, wrap, relay: false })
}

/** Orders a splice on the stage's only channel. */
export function order(keeper: Keeper, { node }: ClnStage, request: Partial<SpliceRequest> = {}): Promise<Splice> {
  return keeper.post({ channelId: node.channels()[0]?.channelId ?? '', ...request })
}

/** What the world, and not the record, says of the stage's channel. */
export function truthOf({ world, node }: ClnStage) {
  const [channel] = node.channels()
  if (channel === undefined) throw new Error('no channel')
  const { entries } = world.journal
  return {
    effects: world.journal.effectiveSplices(),
    signed: entries.flatMap(({ type, txid }) => (type === 'candidate_signed' ? [txid] : [])),
    promoted: entries.flatMap(({ type, txid }) => (type === 'promoted' ? [txid] : [])),
    closes: entries.filter(({ type }) => type === 'closing' || type === 'closed'),
    payouts: world.journal.effectivePayouts(SCRIPT, 50_000),
    funding: channel.funding.txid,
    state: channel.state,
  }
}

const EVERY_MS = 30_000
const RESTED: readonly string[] = ['settled', 'failed', 'cancelled', 'needs_attention']
const none = { maxAttempts: null, maxFeeRateSatPerKw: null, maxFeeSats: null }

/** An order of a splice-out of 50,000 sat or of a splice-in of 300,000 sat that gives up after half an hour. */
export function orderOf(kind: SpliceKind, keeper: Keeper): Partial<SpliceRequest> {
  const amountSats = kind === 'splice_in' ? 300_000 : 50_000
  return { kind, amountSats, budget: { ...none, deadline: keeper.world.now() + 30 * MINUTE } }
}

/**
 * The life of a splice: three minutes as they are, then everything works and blocks come until it has ended or needs somebody, and
 * for a few minutes more.
 */
export async function lifeOf(keeper: Keeper, { node, server }: ClnStage, id: string): Promise<Splice> {
  const go = async (): Promise<void> => {
    if (!node.alive) node.start()
    node.connectPeer()
    server.wire.release()
    await keeper.run(EVERY_MS, { blockMs: EVERY_MS })
  }
  await keeper.run(3 * MINUTE)
  const until = keeper.world.now() + 6 * HOUR
  while (!RESTED.includes((await keeper.splice(id)).state) && keeper.world.now() < until) await go()
  for (let n = 0; n < 6; n++) await go()
  return keeper.splice(id)
}

/**
 * The laws of a splice's end: at most one effect and no force-close whatever the record says; `settled` with exactly one, which
 * the channel stands on; `failed` and `cancelled` with none; and no candidate, and no lock, that the world knows nothing of.
 */
export function judge(splice: Splice, stage: ClnStage): void {
  const truth = truthOf(stage)
  const says = JSON.stringify({
    ...splice,
    timeline: splice.timeline.map(({ status, why }) => [status, why]),
  })
  expect(truth.closes, says).toEqual([])
  expect(truth.effects.length, says).toBeLessThanOrEqual(1)
  expect(truth.payouts, says).toBe(splice.kind === 'splice_out' ? truth.effects.length : 0)
  expect(['settled', 'failed', 'cancelled', 'needs_attention'], says).toContain(splice.state)
  if (splice.state === 'settled') expect(truth.effects, says).toMatchObject([{ txid: truth.funding, confirmed: true }])
  if (splice.state === 'failed' || splice.state === 'cancelled') expect(truth.effects, says).toEqual([])
  for (const { txid } of splice.candidates) expect(truth.signed, says).toContain(txid)
  if (splice.lockedAt !== null) expect(truth.promoted, says).not.toEqual([])
}
