import type { Capabilities } from '../core/ports/node.ts'
import type { SpliceKind } from '../core/splice/splice.ts'
import type { LeverName } from './levers.ts'
import type { Stage } from './stage.ts'
import type { Point } from './traps.ts'

/** One or two orders, possibly disturbed. Reported as skipped if the node or the levers cannot run it. */
export type Scenario = {
  readonly name: string
  readonly levers: readonly LeverName[]
  readonly can: (capabilities: Capabilities) => boolean
  /** Places the orders and disturbs them. The caller waits for their end and judges the outcome. */
  readonly run: (stage: Stage) => Promise<void>
}

const BUMP_SAT_PER_VB = 4
const KINDS: readonly SpliceKind[] = ['splice_out', 'splice_in']
const WORDS = { splice_in: 'splice-in', splice_out: 'splice-out' } as const

const can =
  (kind: SpliceKind) =>
  ({ spliceIn, spliceOut }: Capabilities): boolean =>
    kind === 'splice_in' ? spliceIn : spliceOut

const isPending = ({ status }: { status: string }): boolean => status === 'pending'

function plain(kind: SpliceKind): Scenario {
  const run = async (stage: Stage): Promise<void> => {
    await stage.order(kind)
  }
  return { name: WORDS[kind], levers: [], can: can(kind), run }
}

function bumped(kind: SpliceKind): Scenario {
  return {
    name: `bump of a ${WORDS[kind]}`,
    levers: ['mine'],
    can: (capabilities) =>
      can(kind)(capabilities) && (capabilities.bump || capabilities.replaces?.includes(kind) === true),
    async run(stage) {
      const order = await stage.order(kind)
      const { candidates } = await stage.waitFor('a candidate', order, isPending)
      const { setsFeeRate } = await stage.capabilities()
      await stage.service.bump(order.id, setsFeeRate ? BUMP_SAT_PER_VB : null)
      const view = await stage.waitFor('the bump', order, ({ bumps }) => bumps.at(-1)?.status !== 'open')
      const [bump] = view.bumps
      if (bump?.status !== 'done') throw new Error(`the bump was ${bump?.status ?? 'lost'}`)
      if (candidates.some(({ txid }) => txid === bump.txid)) throw new Error('the bump replaced nothing')
    },
  }
}

const second: Scenario = {
  name: 'second splice while one is pending',
  levers: ['mine'],
  can: ({ spliceIn, spliceOut }) => spliceIn && spliceOut,
  async run(stage) {
    await stage.waitFor('a candidate', await stage.order('splice_out'), isPending)
    await stage.order('splice_in')
  },
}

const FAULTS: readonly {
  readonly name: string
  readonly levers: readonly LeverName[]
  readonly inject: (stage: Stage) => Promise<void>
}[] = [
  { name: 'peer disconnected', levers: ['disconnect'], inject: (stage) => stage.pull('disconnect') },
  { name: 'node restarted', levers: ['restart'], inject: (stage) => stage.pull('restart') },
  { name: 'service killed', levers: [], inject: (stage) => stage.service.kill() },
]

function faulted(points: readonly Point[]): Scenario[] {
  return FAULTS.flatMap(({ name, levers, inject }) =>
    KINDS.flatMap((kind) =>
      (points.length === 0 ? [null] : points).map((point) => ({
        name: `${name} ${point === null ? 'just after the order' : `${point.when} ${point.method}`} of a ${WORDS[kind]}`,
        levers,
        can: can(kind),
        run: (stage: Stage) => injectAt(stage, kind, point, () => inject(stage)),
      })),
    ),
  )
}

async function injectAt(
  stage: Stage,
  kind: SpliceKind,
  point: Point | null,
  inject: () => Promise<void>,
): Promise<void> {
  const done = Promise.withResolvers<undefined>()
  done.promise.catch(() => undefined)
  // The scenario waits for the fault; it rejects if the operator's command failed.
  const act = (): Promise<void> => inject().then(() => done.resolve(undefined), done.reject)
  const isReached = point === null ? null : stage.cut(point, act)
  const order = await stage.order(kind)
  if (isReached === null) stage.cut(null, act)
  await stage.waitFor('the call to interrupt', order, ({ status }) => (isReached?.() ?? true) || status === 'settled')
  if (isReached?.() === false) throw new Error('the splice settled without the call to interrupt')
  await done.promise
}

/** All scenarios for a node. `points`: where its commands can be interrupted; if empty, just after the order. */
export function scenarios(points: readonly Point[]): readonly Scenario[] {
  return [...KINDS.map(plain), ...KINDS.map(bumped), second, ...faulted(points)]
}
