import { setTimeout as pause } from 'node:timers/promises'
import { configuredNode } from '../adapters/node/configured.ts'
import { decodeAddress } from '../core/bitcoin/address.ts'
import type { Capabilities, ChannelSnapshot, NodeLook } from '../core/ports/node.ts'
import type { NodePort } from '../core/ports/ports.ts'
import type { SpliceKind } from '../core/splice/splice.ts'
import { chainRecord, type ChainRecord, type Moment } from './chain-record.ts'
import { objectionsTo, type Claim } from './judgement.ts'
import { pull, type LeverName } from './levers.ts'
import { adapterRecord, clnRecord, type NodeRecord } from './node-record.ts'
import type { Service, View } from './running-product.ts'
import type { Settings } from './settings.ts'
import type { Act, Point, Traps } from './traps.ts'

const LOOK_MS = 500
const BLOCK_EVERY_MS = 1_000
/** A node that needs longer to see a block is assumed to poll rarely. */
const SLOW_MS = 8_000
const CALL_MS = 20_000
/** The depth at which every node and the gossip know the channel's current funding. */
const DEEP = 7
/** How long node and chain may lag behind what the service has seen. */
const LAG_MS = 45_000
const ENDED: readonly string[] = ['settled', 'failed', 'cancelled']
const clock = { now: () => Date.now() }

export type Ordered = { readonly id: string; readonly claim: Omit<Claim, 'status'> }

/** What a scenario works with: the service, the node, the levers, and the judge's records. */
export class Stage {
  readonly settings: Settings
  readonly service: Service
  readonly traps: Traps | null
  readonly port: NodePort
  readonly chain: ChainRecord
  readonly node: NodeRecord
  #nextAmountSats: number
  #orders: Ordered[] = []
  #moment: Moment | null = null
  #booked = 0

  constructor(settings: Settings, service: Service, traps: Traps | null) {
    this.settings = settings
    this.service = service
    this.traps = traps
    this.port = configuredNode(settings.entry, clock).port
    this.chain = chainRecord(settings.bitcoind)
    this.node =
      settings.judge === null
        ? adapterRecord(settings.entry, settings.channelId)
        : clnRecord(settings.judge, settings.channelId)
    this.#nextAmountSats = settings.amountSats
  }

  async look(): Promise<NodeLook> {
    const look = await this.port.look({ signal: AbortSignal.timeout(CALL_MS) })
    if (!look.ok) throw new Error(`the node cannot be read: ${look.error.message}`)
    return look.value
  }

  async capabilities(): Promise<Capabilities> {
    return (await this.look()).capabilities
  }

  async channel(): Promise<ChannelSnapshot> {
    const channel = (await this.look()).channels.find(({ channelId }) => channelId === this.settings.channelId)
    if (channel === undefined) throw new Error('the node does not list the channel INTEROP_CHANNEL')
    return channel
  }

  pull(name: LeverName, blocks?: number): Promise<void> {
    return pull(this.settings.commands, name, blocks)
  }

  /** Waits until the channel can be spliced, and records where it stands. Judgement starts at this moment. */
  async begin(): Promise<void> {
    this.#orders = []
    await this.#until('the channel to be ready for a splice', true, async () => {
      const [channel, record] = await Promise.all([this.channel(), this.node.channel()])
      const { peerConnected, ready, obstacles } = channel
      const isDeep = (obstacles?.fundingDepth ?? DEEP) >= DEEP && obstacles?.announced !== false
      return peerConnected && ready && isDeep && record?.pending.length === 0 ? true : null
    })
    const { funding } = await this.channel()
    const height = await this.chain.height()
    const capacitySats = funding === null ? null : await this.chain.unspentSats(funding)
    if (funding === null || capacitySats === null)
      throw new Error("Bitcoin Core does not know the channel's funding as unspent: is it the node's chain?")
    this.#moment = { height, submittedOn: funding, capacitySats }
    this.#booked = (await this.node.booked())?.length ?? 0
  }

  /** Orders a splice with a unique amount and, for a splice-out, a unique address. */
  async order(kind: SpliceKind): Promise<Ordered> {
    const amountSats = this.#nextAmountSats
    this.#nextAmountSats += 1_000
    const address = kind === 'splice_out' ? await this.#address() : null
    const deadline = new Date(Date.now() + this.settings.limitMs)
    const body = { kind, amountSats, deadline, ...(address === null ? {} : { address }) }
    const decoded = address === null ? null : decodeAddress(address, this.settings.entry.network)
    const script = decoded?.ok === true ? decoded.value.script : null
    const { channelId, kind: node } = this.settings
    const { id } = await this.service.post(node === 'phoenixd' ? null : channelId, body)
    const ordered = { id, claim: { kind, amountSats, script } }
    this.#orders.push(ordered)
    return ordered
  }

  async #address(): Promise<string> {
    const { address } = this.settings
    if (address !== null) return address
    const given = await this.port.newAddress({ signal: AbortSignal.timeout(CALL_MS) })
    if (!given.ok) throw new Error('the node gives no addresses: set INTEROP_ADDRESS')
    return given.value
  }

  /**
   * Runs `act` when the next command reaches a point, or at once if calls cannot be tapped. Returns a function
   * that says whether the point was reached.
   */
  cut(point: Point | null, act: Act): () => boolean {
    if (this.traps === null || point === null) {
      void act()
      return () => true
    }
    return this.traps.set(point, act).sprung
  }

  /** Reads a splice until the condition holds, without mining. */
  async waitFor(what: string, { id }: Ordered, wanted: (view: View) => boolean): Promise<View> {
    return this.#until(what, false, async () => {
      const view = await this.service.read(id)
      return wanted(view) ? view : null
    })
  }

  /** Mines until every order has ended, then judges the service's claims by node and chain. */
  async finish(): Promise<{ readonly claims: readonly Claim[]; readonly objections: readonly string[] }> {
    const orders = this.#orders
    let views: readonly View[] = []
    let late = ''
    try {
      await this.#until('every order to end', true, async () => {
        views = await Promise.all(orders.map(({ id }) => this.service.read(id)))
        return views.every(({ status }) => ENDED.includes(status)) ? true : null
      })
    } catch {
      late = views.map(({ status, waitingFor }) => `${status}: ${waitingFor ?? ''}`).join('; ')
    }
    const claims = orders.map(({ claim }, n) => ({ ...claim, status: views[n]?.status ?? 'unknown' }))
    const objections = await this.#objections(claims)
    return { claims, objections: late === '' ? objections : [...objections, `not ended in time (${late})`] }
  }

  /** Repeats while the records may lag. A real objection persists. */
  async #objections(claims: readonly Claim[]): Promise<readonly string[]> {
    const moment = this.#moment
    if (moment === null) throw new Error('begin() was not called')
    const until = Date.now() + LAG_MS
    for (;;) {
      const [chain, channel, booked] = await Promise.all([
        this.chain.since(moment),
        this.node.channel(),
        this.node.booked(),
      ])
      const since = booked?.slice(this.#booked) ?? null
      const objections = objectionsTo(claims, { chain, channel, booked: since })
      if (objections.length === 0 || Date.now() > until) return objections
      await pause(LOOK_MS)
    }
  }

  async #until<T>(what: string, blocks: boolean, look: () => Promise<T | null>): Promise<T> {
    const until = Date.now() + this.settings.limitMs
    let minedAt = Date.now()
    for (;;) {
      // A node that restarts does not answer for a while.
      const found = await look().catch((error: unknown) => {
        if (Date.now() > until) throw error
        return null
      })
      if (found !== null) return found
      if (Date.now() > until) throw new Error(`waited ${this.settings.limitMs / 1000} s without success for ${what}`)
      const sinceMs = Date.now() - minedAt
      if (blocks && sinceMs >= BLOCK_EVERY_MS && (await this.#mine(sinceMs < SLOW_MS ? 1 : DEEP))) minedAt = Date.now()
      await pause(LOOK_MS)
    }
  }

  /** Mines once the node has seen the tip. A node that polls twice a minute gets several blocks at once. */
  async #mine(blocks: number): Promise<boolean> {
    if (this.settings.commands.mine === null) return false
    const height = await this.chain.height()
    const seen = await this.look().catch(() => null)
    if (seen === null || seen.tipHeight < height) return false
    await this.pull('mine', blocks)
    return true
  }
}
