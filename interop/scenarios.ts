import type { Capabilities } from '../core/ports/node.ts'
import type { SpliceKind } from '../core/splice/splice.ts'
import type { LeverName } from './levers.ts'
import type { Stage } from './stage.ts'
import type { Point } from './traps.ts'

/** A story of one or two orders. What it needs and does not have makes it skipped, out loud. */
export type Scenario = {
  readonly name: string
  readonly levers: readonly LeverName[]
  readonly can: (capabilities: Capabilities) => boolean
  /** Gives its orders, and disturbs them. Whatever comes of them is waited for and judged afterwards. */
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

/** What befalls a command on its way. */
const BLOWS: readonly {
  readonly name: string
  readonly levers: readonly LeverName[]
  readonly strike: (stage: Stage) => Promise<void>
}[] = [
  { name: 'peer disconnected', levers: ['disconnect'], strike: (stage) => stage.pull('disconnect') },
  { name: 'node restarted', levers: ['restart'], strike: (stage) => stage.pull('restart') },
  { name: 'service killed', levers: [], strike: (stage) => stage.service.kill() },
]

function struck(points: readonly Point[]): Scenario[] {
  return BLOWS.flatMap(({ name, levers, strike }) =>
    KINDS.flatMap((kind) =>
      (points.length === 0 ? [null] : points).map((point) => ({
        name: `${name} ${point === null ? 'just after the order' : `${point.when} ${point.method}`} of a ${WORDS[kind]}`,
        levers,
        can: can(kind),
        run: (stage: Stage) => strikeAt(stage, kind, point, () => strike(stage)),
      })),
    ),
  )
}

async function strikeAt(
  stage: Stage,
  kind: SpliceKind,
  point: Point | null,
  strike: () => Promise<void>,
): Promise<void> {
  const done = Promise.withResolvers<undefined>()
  done.promise.catch(() => undefined)
  // The blow is waited for; what it throws is the operator's command that failed.
  const act = (): Promise<void> => strike().then(() => done.resolve(undefined), done.reject)
  const set = point === null ? null : stage.cut(point, act)
  const order = await stage.order(kind)
  if (set === null) stage.cut(null, act)
  await stage.waitFor('the point', order, ({ status }) => (set?.() ?? true) || status === 'settled')
  if (set?.() === false) throw new Error('the splice settled without a call at the point')
  await done.promise
}

/** Every scenario for a node whose commands can be cut at these points; none: just after the order. */
export function scenarios(points: readonly Point[]): readonly Scenario[] {
  return [...KINDS.map(plain), ...KINDS.map(bumped), second, ...struck(points)]
}
