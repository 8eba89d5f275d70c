import { createWorld } from '../../adapters/node/simulated/world.ts'
import type { SimulatedNode, World } from '../../adapters/node/simulated/world.ts'
import type { SpliceRequest } from '../../core/accept.ts'
import type { Splice } from '../../core/splice.ts'
import { Keeper, START } from '../support/keeper.ts'
import type { Dice, Tally } from './dice.ts'
import { Faults } from './faults.ts'
import { overseen } from './oversight.ts'
import type { Profile } from './profile.ts'
import { Witness } from './witness.ts'

/** A splice that a client asked for, and how: what it repeats when it heard nothing. */
export type Posted = { readonly id: string; readonly key: string; readonly request: Partial<SpliceRequest> }

/** What a run plays on: the product over a simulated world, and what the judge has to remember of the past. */
export class Stage {
  readonly profile: Profile
  readonly keeper: Keeper
  readonly faults: Faults
  readonly witness: Witness
  readonly tally: Tally = new Map()
  readonly posted: Posted[] = []
  /** Splices whose end is an operator's word, not a proof. */
  readonly operated = new Set<string>()
  /** Blocks that left the chain may have taken what was true when it was said. */
  reorgs = 0
  bumpSerial = 0

  constructor(seed: string, profile: Profile) {
    this.profile = profile
    this.faults = new Faults(seed, profile.rates, this.tally)
    this.witness = new Witness(this.tally)
    const { overlapGuard, relay, lockDepth, isOutbound } = profile
    const channels = [{ lockDepth, isOutbound }, { lockDepth: 6 }]
    const world = createWorld({
      // Only the keys follow from it, and those may be the same in all runs.
      seed: 'simulation',
      startAt: START,
      nodes: [{ ...profile.node, name: 'alice', overlapGuard, channels }],
    })
    this.keeper = new Keeper({
      seed,
      world,
      overlapGuard,
      relay,
      quietAbsenceMs: profile.quietAbsenceMs,
      hooks: this.faults.storeHooks((operation) => this.witness.saw(operation)),
      queueHooks: this.faults.queueHooks(),
      wrap: (ports) => overseen(ports, world, this.witness),
    })
    this.witness.attend({
      journal: world.journal,
      chain: world.chain,
      finalDepth: this.keeper.policy.finalDepth,
      isOperated: (id) => this.operated.has(id),
    })
  }

  get world(): World {
    return this.keeper.world
  }

  get node(): SimulatedNode {
    return this.keeper.node
  }

  /** One of the channels; the first one most of the time, so that splices meet there. */
  channel(dice: Dice): string {
    const [first, second] = this.keeper.channelIds
    if (first === undefined || second === undefined) throw new Error('the node lost its channels')
    return dice.chance(0.75) ? first : second
  }

  /** All splices as they are stored, read without faults, in the order in which they were asked for. */
  async splices(): Promise<Splice[]> {
    return this.faults.without(() => Promise.all(this.posted.map(({ id }) => this.keeper.splice(id))))
  }

  /** Simulated time that has passed, in hours. */
  get hours(): number {
    return (this.world.now() - START) / 3_600_000
  }
}
