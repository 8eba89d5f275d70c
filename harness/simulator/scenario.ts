import type { RpcOptions } from '../../adapters/node/ldk/rpc.ts'
import {
  createWorld,
  type Channel,
  type NodeOptions,
  type RelayEvent,
  type SimulatedNode,
  type World,
  type WorldOptions,
} from '../../simulator/world/world.ts'
import { ADDRESS, CALL, SCRIPT } from '../values.ts'

export const START = Date.UTC(2026, 10, 22)

export const OTHER_ADDRESS = 'bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku202'

/** A world with one node and one channel, and the words that tests use of it. */
export class Scenario {
  readonly world: World
  readonly events: RelayEvent[] = []

  constructor(world: World) {
    this.world = world
    world.onRelayEvent((event) => this.events.push(event))
  }

  static of(node: Omit<NodeOptions, 'name'> = {}, options: Partial<WorldOptions> = {}): Scenario {
    const channels = node.channels ?? [{}]
    return new Scenario(
      createWorld({
        seed: 'scenario',
        startAt: START,
        nodes: [{ name: 'alice', ...node, channels }],
        ...options,
      }),
    )
  }

  get alice(): SimulatedNode {
    return this.world.node('alice')
  }

  get channel(): Readonly<Channel> {
    const channel = this.alice.channels()[0]
    if (channel === undefined) throw new Error('no channel')
    return channel
  }

  get id(): string {
    return this.channel.channelId
  }

  /** Asks for a splice-out; answers the gRPC status, 0 for taken, null for no answer. */
  async out(amountSats = 50_000, address = ADDRESS, options: Partial<RpcOptions> = {}): Promise<number | null> {
    const { userChannelId, peerId } = this.channel
    const answer = await this.alice.rpc.spliceOut(
      { userChannelId, counterpartyNodeId: peerId, amountSats, address },
      { ...CALL, ...options },
    )
    return answer.ok ? 0 : answer.error.status
  }

  async in(amountSats = 100_000): Promise<number | null> {
    const { userChannelId, peerId } = this.channel
    const answer = await this.alice.rpc.spliceIn({ userChannelId, counterpartyNodeId: peerId, amountSats }, CALL)
    return answer.ok ? 0 : answer.error.status
  }

  /** Asks for a fee bump as a client does; answers as `out`. */
  async bump(
    options: Partial<RpcOptions> = {},
    named: { readonly userChannelId?: string; readonly counterpartyNodeId?: string } = {},
  ): Promise<number | null> {
    const { userChannelId, peerId: counterpartyNodeId } = this.channel
    const answer = await this.alice.rpc.bumpFee(
      { userChannelId, counterpartyNodeId, ...named },
      { ...CALL, ...options },
    )
    return answer.ok ? 0 : answer.error.status
  }

  /** Lets a round come to its end: all phases together take a second. */
  settle(): void {
    this.world.advance(2_000)
  }

  payouts(amountSats = 50_000): number {
    return this.world.journal.effectivePayouts(SCRIPT, amountSats)
  }

  /** The txid of the newest candidate. */
  candidate(): string {
    const txid = this.channel.candidates.at(-1)?.funding.txid
    if (txid === undefined) throw new Error('no candidate')
    return txid
  }

  failures(): (string | undefined)[] {
    return this.events.filter((event) => event.type === 'splice_negotiation_failed').map((event) => event.reason)
  }

  noted(type: string): number {
    return this.world.journal.entries.filter((entry) => entry.type === type).length
  }
}
