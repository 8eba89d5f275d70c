import type { ReorgOptions } from '../../simulator/world/world.ts'
import type { Action } from './client-actions.ts'
import type { Stage } from './stage.ts'

const NOTHING = 'nothing to do'

/** What the chain does with what is in the mempool, and what its source shows of it. */
export const chainActions = {
  feesMove: ({ world }, dice) => {
    const rate = dice.pick([300, 1_000, 1_000, 2_000, 3_000, 6_000, null])
    world.chain.setFeeRate(rate)
    return `${rate ?? 'no estimate'} sat/kw`
  },
  relayRule: ({ world }, dice) => {
    const incrementalRelaySatPerVb = dice.pick([0.1, 1, 1, 3])
    const minRelaySatPerVb = dice.pick([1, 1, 1, 5])
    world.chain.setRelayRule({ incrementalRelaySatPerVb, minRelaySatPerVb })
    return `minimum ${minRelaySatPerVb}, increment ${incrementalRelaySatPerVb}`
  },
  feesRise: ({ world }) => {
    world.chain.setRelayRule({ minRelaySatPerVb: 50 })
    world.chain.setFeeRate(20_000)
  },
  manyBlocks: ({ world }) => world.mine(80),
  release: ({ world }) => {
    for (const txid of world.toJSON().chain.withheld) world.chain.release(txid)
  },
  withhold: ({ world }, dice) => {
    const waiting = world.chain.mempool()
    if (waiting.length === 0) return NOTHING
    const { txid } = dice.pick(waiting)
    world.chain.withhold(txid)
    return txid.slice(0, 6)
  },
  evict: ({ world }, dice) => {
    const waiting = world.chain.mempool()
    if (waiting.length === 0) return NOTHING
    const { txid } = dice.pick(waiting)
    world.evict(txid)
    return txid.slice(0, 6)
  },
  blocks: ({ world }, dice) => {
    const blocks = dice.pick([1, 3, 6, 8])
    world.mine(blocks)
    return `${blocks}`
  },
  candidateMined: (stage, dice) => {
    const { chain } = stage.world
    const candidates = stage.node.channel(stage.channel(dice)).candidates
    const unmined = candidates.filter(({ funding }) => (chain.confirmations(funding.txid) ?? 0) === 0)
    if (unmined.length === 0) return NOTHING
    const { txid, hex } = dice.pick(unmined).funding
    chain.release(txid)
    chain.mine(dice.pick([1, 1, 7]), { transactions: [hex] })
    return txid.slice(0, 6)
  },
  reorg: (stage, dice) => {
    const depth = dice.pick([1, 1, 2, 3, 6, 7])
    const include = dice.pick(['mempool', 'none'] as const)
    reorganise(stage, depth, { include })
    return `${depth} deep, with ${include}`
  },
  oneBlock: ({ world }) => world.mine(1),
  reorgShallow: (stage, dice) => {
    const depth = dice.pick([1, 2, 4])
    reorganise(stage, depth, { include: 'none' })
    return `${depth} deep`
  },
  reorgDeep: (stage, dice) => {
    const depth = dice.pick([12, 15, 17])
    reorganise(stage, depth, { include: dice.pick(['mempool', 'none'] as const) })
    return `${depth} deep`
  },
  reorgToCandidate: (stage, dice) => {
    const { chain } = stage.world
    const depth = dice.pick([1, 2, 3])
    const { candidates } = stage.node.channel(stage.channel(dice))
    const deepest = Math.max(0, ...candidates.map(({ funding }) => chain.confirmations(funding.txid) ?? 0))
    // What stays in the chain below would refuse its rival, halfway through.
    if (candidates.length === 0 || deepest > depth) return NOTHING
    const { txid, hex } = dice.pick(candidates).funding
    reorganise(stage, depth, { transactions: [hex] })
    return `${depth} deep, with ${txid.slice(0, 6)}`
  },
  sourceLags: ({ views }, dice) => {
    const view = dice.pick(views)
    view.lagBlocks = dice.pick([1, 2, 7])
    return `${view.lagBlocks} blocks`
  },
  sourceBlind: ({ views }, dice) => {
    dice.pick(views).blind = true
  },
  sourceDown: ({ views }, dice) => {
    dice.pick(views).down = true
  },
  sourceClear: (stage) => clearSources(stage),
} satisfies Record<string, Action>

/** Every source sees all of the chain. */
export function clearSources({ views }: Stage): void {
  for (const view of views) Object.assign(view, { down: false, blind: false, lagBlocks: 0 })
}

function reorganise({ world, memory }: Stage, depth: number, options: ReorgOptions): void {
  memory.deepestReorg = Math.max(memory.deepestReorg, depth)
  world.reorg(depth, options)
}
