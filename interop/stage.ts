import { setTimeout as pause } from 'node:timers/promises'
import { configuredNode } from '../adapters/node/configured.ts'
import { decodeAddress } from '../core/bitcoin/address.ts'
import type { Capabilities, ChannelSnapshot, NodeLook } from '../core/ports/node.ts'
import type { NodePort } from '../core/ports/ports.ts'
import type { SpliceKind } from '../core/splice/splice.ts'
import type { ChainRecord, Moment } from './chain-record.ts'
import { chainRecord } from './chain-record.ts'
import type { Claim } from './judgement.ts'
import { objectionsTo } from './judgement.ts'
import type { LeverName } from './levers.ts'
import { pull } from './levers.ts'
import type { NodeRecord } from './node-record.ts'
import { adapterRecord, clnRecord } from './node-record.ts'
import type { Service, View } from './running-product.ts'
import type { Settings } from './settings.ts'
import type { Act, Point, Traps } from './traps.ts'

const LOOK_MS = 500
const BLOCK_EVERY_MS = 1_000
/** After so long without a block it is a node that looks for them seldom. */
const SLOW_MS = 8_000
const CALL_MS = 20_000
/** Depth at which every node and every gossip knows the channel's present funding. */
const DEEP = 7
/** How long node and chain may take to show what the service has seen already. */
const LAG_MS = 45_000
const ENDED: readonly string[] = ['settled', 'failed', 'cancelled']
const clock = { now: () => Date.now() }

/** An order under way. */
export type Ordered = { readonly id: string; readonly claim: Omit<Claim, 'status'> }

/** All that a scenario has: the service, the node, the levers, and the records that judge. */
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
    if (!look.ok) throw new Error(`the node cannot be looked at: ${look.error.message}`)
    return look.value
  }

  async capabilities(): Promise<Capabilities> {
    return (await this.look()).capabilities
  }

  async channel(): Promise<ChannelSnapshot> {
    const channel = (await this.look()).channels.find(
      ({ channelId }) => channelId === this.settings.channelId,
    )
    if (channel === undefined) throw new Error('the node does not list the channel INTEROP_CHANNEL')
    return channel
  }

  pull(name: LeverName, blocks?: number): Promise<void> {
    return pull(this.settings.commands, name, blocks)
  }

  /** Waits until the channel can be spliced, and notes where it stands: what is judged begins here. */
  async begin(): Promise<void> {
    this.#orders = []
    await this.#until('the channel to be ready for a splice', true, async () => {
      const [channel, record] = await Promise.all([this.channel(), this.node.channel()])
      const { peerConnected, ready, obstacles } = channel
      const deep = (obstacles?.fundingDepth ?? DEEP) >= DEEP && obstacles?.announced !== false
      return peerConnected && ready && deep && record?.pending.length === 0 ? true : null
    })
    const { funding } = await this.channel()
    const height = await this.chain.height()
    const capacitySats = funding === null ? null : await this.chain.unspentSats(funding)
    if (funding === null || capacitySats === null)
      throw new Error("Bitcoin Core does not know the channel's funding as unspent: is it the node's chain?")
    this.#moment = { height, submittedOn: funding, capacitySats }
    this.#booked = (await this.node.booked())?.length ?? 0
  }

  /** Orders a splice of an amount that no other order has, to an address that nothing else is paid to. */
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
    if (!given.ok) throw new Error('the node gives no addresses: INTEROP_ADDRESS names one')
    return given.value
  }

  /** Cuts the next command where it comes to a point; where its calls are not seen, at once. */
  cut(point: Point | null, act: Act): () => boolean {
    if (this.traps === null || point === null) {
      void act()
      return () => true
    }
    return this.traps.set(point, act).sprung
  }

  /** Reads a splice until it is as is wanted, without blocks. */
  async waitFor(what: string, { id }: Ordered, wanted: (view: View) => boolean): Promise<View> {
    return this.#until(what, false, async () => {
      const view = await this.service.read(id)
      return wanted(view) ? view : null
    })
  }

  /** Lets blocks come until every order has ended; then what the service claims is held against node and chain. */
  async finish(): Promise<{ readonly claims: readonly Claim[]; readonly objections: readonly string[] }> {
    const orders = this.#orders
    let views: readonly View[] = []
    let late = ''
    try {
      await this.#until('the end', true, async () => {
        views = await Promise.all(orders.map(({ id }) => this.service.read(id)))
        return views.every(({ status }) => ENDED.includes(status)) ? true : null
      })
    } catch {
      late = views.map(({ status, waitingFor }) => `${status}: ${waitingFor ?? ''}`).join('; ')
    }
    const claims = orders.map(({ claim }, n) => ({ ...claim, status: views[n]?.status ?? 'unknown' }))
    const objections = await this.#judged(claims)
    return { claims, objections: late === '' ? objections : [...objections, `not ended in time (${late})`] }
  }

  /** Again and again while the records lag; what is really wrong stays wrong. */
  async #judged(claims: readonly Claim[]): Promise<readonly string[]> {
    const moment = this.#moment
    if (moment === null) throw new Error('nothing began')
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
      // A node that starts anew answers nothing for a while.
      const found = await look().catch((error: unknown) => {
        if (Date.now() > until) throw error
        return null
      })
      if (found !== null) return found
      if (Date.now() > until) throw new Error(`waited ${this.settings.limitMs / 1000} s in vain for ${what}`)
      const sinceMs = Date.now() - minedAt
      if (blocks && sinceMs >= BLOCK_EVERY_MS && (await this.#mine(sinceMs < SLOW_MS ? 1 : DEEP)))
        minedAt = Date.now()
      await pause(LOOK_MS)
    }
  }

  /** Mines, if the node has seen all blocks that there are: one that looks for them twice a minute is given several. */
  async #mine(blocks: number): Promise<boolean> {
    if (this.settings.commands.mine === null) return false
    const height = await this.chain.height()
    const seen = await this.look().catch(() => null)
    if (seen === null || seen.tipHeight < height) return false
    await this.pull('mine', blocks)
    return true
  }
}
