import type { SimulatedNode } from '../../simulator/world/world.ts'
import type { BumpRequest, SubmitRequest } from '../../core/ports/node.ts'
import { outpointOf, splitOutpoint } from '../../core/bitcoin/outpoint.ts'
import type { Attempt, Bump, Splice } from '../../core/splice/splice.ts'
import { effectiveTxids } from './effects.ts'
import { latestFence, nameOf } from './laws-of-writes.ts'
import type { Stage } from './stage.ts'
import type { Witness } from './witness.ts'

/** A command at the instant before it is sent, by the records as they stand in the table. */
export type Act = {
  readonly request: SubmitRequest | BumpRequest
  /** The splice that has the attempt of the command; null: there is none. */
  readonly splice: Splice | null
  /** By the clock of the function that sends it. */
  readonly now: number
  readonly stage: Pick<Stage, 'world' | 'memory' | 'profile' | 'views'> & {
    readonly node: Pick<SimulatedNode, 'channel'>
    readonly witness: Pick<Witness, 'lease' | 'isPaused' | 'isGuarded'>
  }
}

/** Answers what is wrong; null: the law holds. */
type Law<R> = (request: R, splice: Splice, act: Act) => string | null

const SENT_WITHIN_MS = 10_000
/** A look is so old at most when the gates see it (gate `node`), then 10 s until it is journalled, and 10 s until it is sent. */
const LOOK_WITHIN_MS = 80_000
/** Design section 6, gate `lock_depth`. */
const SAFE_LOCK_DEPTH = 3

/** What ldk-node pays at worst, as a multiple of the estimate (docs/reference/ldk.md). */
const WORST_FEE_FACTOR = 1.5
const FEE_TARGET_BLOCKS = 6

const lawsOfSubmitting: Readonly<Record<string, Law<SubmitRequest>>> = {
  'no earlier request is on its way': ({ attemptId }, { attempts }, act) =>
    fenceStands(attempts, attemptId, act) ? 'an earlier fence has not passed' : null,
  'quiet after a request that may live': ({ attemptId }, { attempts }, act) =>
    quietMissing(livingOf(attempts, attemptId), act),
  'no second request on a channel that locks fast': ({ attemptId, channelId }, { attempts }, { stage }) =>
    livingOf(attempts, attemptId).length === 0 || stage.node.channel(channelId).lockDepth >= SAFE_LOCK_DEPTH
      ? null
      : 'the first may live',
  'no third request without the guard': ({ attemptId }, { attempts, kind }, { stage }) =>
    (stage.profile.overlapGuard && kind === 'splice_out') || livingOf(attempts, attemptId).length <= 1
      ? null
      : 'two may live',
  'all requests that may live compete': ({ attemptId, submittedOn: submittedOn }, { attempts }) =>
    livingOf(attempts, attemptId).every((attempt) => attempt.submittedOn === submittedOn)
      ? null
      : 'another funding outpoint',
  'the funding outpoint is unspent': ({ submittedOn: submittedOn }, _splice, { stage }) =>
    seesAll(stage) && stage.world.chain.spender(submittedOn) !== null ? 'it is spent' : null,
  'the funding outpoint is the funding of the channel': (
    { submittedOn: submittedOn, channelId },
    _splice,
    { stage },
  ) => {
    const { funding, status } = stage.node.channel(channelId)
    if (standsStill(stage) || submittedOn === outpointOf(funding.txid, funding.vout)) return null
    return `the channel is ${status} on ${funding.txid.slice(0, 6)}`
  },
  'the funding outpoint is in the chain': ({ submittedOn: submittedOn, channelId }, _splice, { stage }) =>
    !seesAll(stage) ||
    stage.node.channel(channelId).lockDepth === 0 ||
    (stage.world.chain.confirmations(splitOutpoint(submittedOn).txid) ?? 0) > 0
      ? null
      : 'its transaction is not',
  'no submission by an old view of the chain': (_request, _splice, { stage }) => {
    const [{ lagBlocks }] = stage.views
    return lagBlocks > 1 && !stage.profile.twoSources ? `${lagBlocks} blocks behind` : null
  },
  'the worst fee is under the ceiling': ({ maxFeeRateSatPerKw }, _splice, { stage }) => {
    const estimate = stage.world.chain.feeRateSatPerKw(FEE_TARGET_BLOCKS) ?? 0
    return !standsStill(stage) && WORST_FEE_FACTOR * estimate > (maxFeeRateSatPerKw ?? Infinity)
      ? `at ${estimate} sat/kw`
      : null
  },
  'nothing of it is signed': ({ channelId, amountSats }, { id }, { stage }) =>
    !standsStill(stage) &&
    // What somebody signs at the node by hand, it reports to nobody before it is broadcast.
    !stage.memory.twins.has(id) &&
    stage.node.channel(channelId).candidates.some(({ ours }) => ours?.amountSats === amountSats)
      ? 'the node has signed it'
      : null,
  'it was not done before': (_request, splice, { stage }) =>
    seesAll(stage) && effectiveTxids(splice, stage).length > 0 ? 'a transaction has its effect' : null,
  'what is asked for is what was ordered': ({ amountSats, address, channelId, kind }, splice) =>
    amountSats === splice.amountSats &&
    address === splice.address &&
    channelId === splice.channelId &&
    kind === splice.kind
      ? null
      : `${kind} of ${amountSats} sat to ${address}`,
  'no submission once a transaction was seen': (_request, { candidates }) =>
    candidates.length === 0 ? null : 'a candidate stands in the record',
}

const lawsOfBumping: Readonly<Record<string, Law<BumpRequest>>> = {
  'no earlier bump is on its way': ({ attemptId }, { bumps }, act) =>
    fenceStands(bumps.flatMap(attemptsOf), attemptId, act) ? 'an earlier fence has not passed' : null,
  'quiet between the tries of a bump': ({ attemptId }, { bumps }, act) => {
    const own = bumps.find(({ attempts }) => attempts.some(({ id }) => id === attemptId))
    return quietMissing(livingOf(own?.attempts ?? [], attemptId), act)
  },
  'no bump where the channel has moved already': ({ channelId }, _splice, { stage }) =>
    stage.node.channel(channelId).lockDepth > 0 ? null : 'it is zero-conf',
  'only what waits is bumped': (_request, { candidates }, { stage }) =>
    seesAll(stage) && candidates.some(({ txid }) => (stage.world.chain.confirmations(txid) ?? 0) > 0)
      ? 'it is in a block'
      : null,
  'only with the guard, and only a splice-out': (_request, { kind }, { stage }) =>
    stage.profile.overlapGuard && kind === 'splice_out' ? null : kind,
}

const lawsOfBoth: Readonly<Record<string, Law<SubmitRequest | BumpRequest>>> = {
  'journal, then act': ({ attemptId }, splice) =>
    allAttempts(splice).some(({ id, result }) => id === attemptId && result === null)
      ? null
      : 'it was answered already',
  'a command is sent at once': ({ signedAt }, _splice, { now }) =>
    now - signedAt <= SENT_WITHIN_MS ? null : `after ${now - signedAt} ms`,
  'no command before a restored table is guarded': (_request, _splice, { stage }) =>
    stage.witness.isGuarded ? null : 'its generation was not raised yet',
  // A node whose peer is away does not tell (docs/reference/ldk.md): it refuses by itself.
  'no command on a channel that closes': ({ channelId }, _splice, { stage }) => {
    const { status } = stage.node.channel(channelId)
    if (!stage.memory.connected.has(channelId)) return null
    return status === 'open' || standsStill(stage) ? null : status
  },
  'a command goes out with the lease, on a channel that is not frozen': (_request, splice, { stage }) => {
    const lease = stage.witness.lease(splice.channelId)
    if (standsStill(stage) || stage.profile.sideBySide) return null
    if (lease?.holder !== splice.id) return `the lease is ${lease?.holder ?? 'empty'}`
    return lease.frozen === null ? null : `the channel is frozen: ${lease.frozen.cause}`
  },
  'a command follows a look': (_request, _splice, { stage }) => {
    const ageMs = stage.world.now() - stage.memory.lookedAt
    return ageMs <= LOOK_WITHIN_MS ? null : `after ${ageMs} ms`
  },
  'a paused node gets no command': (_request, { node }, { stage }) =>
    stage.witness.isPaused(node) ? 'its configuration or credential was refused' : null,
}

/** The names of all laws, for a test of each. */
export const namesOfActs: readonly string[] = [lawsOfBoth, lawsOfSubmitting, lawsOfBumping].flatMap((set) =>
  Object.keys(set),
)

/**
 * What is wrong with a command just before it is sent. Repeats, on its own, the gates that prevent a second payment.
 */
export function brokenByAct(act: Act): { readonly law: string; readonly detail: string }[] {
  const { request, splice } = act
  if (splice === null) return [{ law: 'journal, then act', detail: `${request.attemptId} is not in the table` }]
  const own =
    'txid' in request ? broken(lawsOfBumping, request, splice, act) : broken(lawsOfSubmitting, request, splice, act)
  return [...broken(lawsOfBoth, request, splice, act), ...own]
}

/** All attempts of a splice, those of its bumps too. */
export function allAttempts({ attempts, bumps }: Splice): Attempt[] {
  return [...attempts, ...bumps.flatMap(attemptsOf)]
}

function broken<R>(
  set: Readonly<Record<string, Law<R>>>,
  request: R,
  splice: Splice,
  act: Act,
): { law: string; detail: string }[] {
  return Object.entries(set).flatMap(([law, holds]) => {
    const wrong = holds(request, splice, act)
    return wrong === null ? [] : [{ law, detail: `${nameOf(splice.id)}: ${wrong}` }]
  })
}

function attemptsOf({ attempts }: Bump): readonly Attempt[] {
  return attempts
}

function livingOf(attempts: readonly Attempt[], except: string): Attempt[] {
  return attempts.filter(({ id, notExecuted }) => id !== except && notExecuted === null)
}

function fenceStands(attempts: readonly Attempt[], except: string, act: Act): boolean {
  return latestFence(livingOf(attempts, except)) >= act.now + slackMs(act)
}

/** How much quiet there was after requests that may live, where it was too little; null: enough, or none is needed. */
function quietMissing(living: readonly Attempt[], act: Act): string | null {
  const quietMs = act.now - Math.max(latestFence(living), gapEndOf(act.stage)) + slackMs(act)
  return living.length === 0 || quietMs >= act.stage.profile.quietMs ? null : `${quietMs} ms of it`
}

/** Whether functions stand still in this run: then the world may have moved since they looked. */
function standsStill({ profile }: Act['stage']): boolean {
  return profile.functions.pause > 0
}

/** What was written with one clock is judged by another. */
function slackMs({ stage }: Act): number {
  return 2 * stage.profile.functions.skewMs
}

/** When the last gap between two looks ended; where functions stand still, when a look was made is not when it was judged. */
function gapEndOf(stage: Act['stage']): number {
  return standsStill(stage) ? 0 : stage.memory.gapEndedAt
}

/** Whether the product can know what is in the chain: its sources show all of it, and nothing happens between two looks. */
function seesAll(stage: Act['stage']): boolean {
  return !standsStill(stage) && stage.views.every(({ down, blind, lagBlocks }) => !down && !blind && lagBlocks === 0)
}
