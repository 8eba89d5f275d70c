import { attemptsUsed } from '../../splice/budget.ts'
import { canBump, priceShut } from '../fee-bump-gates.ts'
import { NOTHING_LEFT } from '../../splice/fee-bumps.ts'
import type { SpliceEvent } from '../../splice/event.ts'
import {
  RELAY_STEP_SAT_PER_KW,
  bumpIdOf,
  chosenFeeRateSatPerKw,
  correctableBump,
  isSpent,
  openBumpOf,
  outbids,
  balanceShowsReplacement,
  standingCandidate,
  weightOf,
} from '../../splice/replacement.ts'
import { worstFeeRateSatPerKw } from '../worst-fee.ts'
import { areOpen } from '../gate.ts'
import type { Rule, Situation } from './rule.ts'
import { RECORD_LIMITS, type Bump, type Candidate, type Splice, type SpliceState } from '../../splice/splice.ts'
import type { VerdictName } from '../../splice/verdict.ts'

const STANDING: readonly SpliceState[] = ['pending', 'confirmed', 'needs_attention', 'settled']
/** How many of a splice's ten bumps its own policy may open. The others are left to the client. */
const POLICY_BUMPS = 5

const WAITING: readonly VerdictName[] = ['pending', 'unseen']
const PAST_PENDING: readonly SpliceState[] = [...STANDING, 'failed', 'cancelled']

const openIn = (says: string, holds: (bump: Bump, situation: Situation) => boolean) => ({
  says,
  holds: (situation: Situation): boolean => {
    const bump = openBumpOf(situation.splice)
    return bump !== null && holds(bump, situation)
  },
})

const allOpen = ({ bumpGates }: Situation): boolean => bumpGates.every((reading) => reading.shut === null)

/** When these gates are open, the last replacement request has either taken effect or never will. */
const isResolved = ({ bumpGates }: Situation): boolean =>
  areOpen(bumpGates, ['fence', 'channel', 'unconfirmed', 'quiet'])

/** Why nothing is left to replace for a bump; null: something is. */
function nothingLeft({ splice, verdict, observation }: Situation): string | null {
  if (splice.state !== 'pending' && splice.state !== 'needs_attention') return 'the splice can no longer be replaced'
  if (verdict.name === 'confirmed' || verdict.name === 'final') return 'the transaction is in a block'
  if (verdict.locked) return 'the channel has moved to the transaction'
  if (verdict.name === 'replaced') return 'another transaction, without this splice, has taken its place'
  if (verdict.channelGone || verdict.name === 'closed') return 'the channel is closed'
  return observation.channel?.lockDepth === 0 ? 'the channel is zero-conf' : null
}

/** A replacement was signed, and no chain source shows it. Requesting it again would end the same way. */
function unrelayed(bump: Bump, situation: Situation): boolean {
  const { splice, verdict, observation } = situation
  const standing = standingCandidate(splice, verdict)
  if (attemptsUsed(bump) === 0 || standing === null) return false
  const worst = worstFeeRateSatPerKw(observation)
  const mostSats = worst === null ? splice.amountSats : Math.ceil((worst * weightOf(standing)) / 1_000)
  return verdict.signedUnseen || balanceShowsReplacement(bump, verdict.balanceSignals, mostSats)
}

/**
 * Whether the splice's own policy asks for a bump: unconfirmed for the ordered number of blocks since the
 * candidate was seen, the last bump was opened, or a reorg.
 */
function autoDue(situation: Situation): boolean {
  const { splice, verdict, observation } = situation
  const standing = standingCandidate(splice, verdict)
  const { tipHeight } = verdict
  const blocks = splice.autoBumpAfterBlocks
  if (blocks === null || standing === null || tipHeight === null || openBumpOf(splice) !== null) return false
  if (splice.bumps.length >= RECORD_LIMITS.bumps || byPolicy(splice) >= POLICY_BUMPS) return false
  if ((observation.channel?.lockDepth ?? 0) === 0) return false
  const last = splice.bumps.at(-1)?.openedAtHeight ?? 0
  const since = Math.max(standing.seenAtHeight ?? tipHeight, last, splice.reorgedAtHeight ?? 0)
  const can = observation.node?.capabilities
  if (isFutile(splice, standing, observation.chain?.feeRateSatPerKw ?? null)) return false
  if (tipHeight - since < blocks || can === undefined || !canBump(can, splice.kind)) return false
  const rate = standing.feeRateSatPerKw
  const estimate = observation.chain?.feeRateSatPerKw ?? null
  return priceShut(situation, can.setsFeeRate && rate !== null ? chosenFeeRateSatPerKw(rate, estimate) : null) === null
}

function byPolicy({ bumps }: Splice): number {
  return bumps.filter(({ by }) => by === 'policy').length
}

/** After a replacement that was not relayed, another one is only worthwhile once the estimate has risen above it. */
function isFutile({ bumps }: Splice, standing: Candidate, estimateSatPerKw: number | null): boolean {
  if (bumps.at(-1)?.outcome?.code !== 'not_relayed') return false
  return (estimateSatPerKw ?? 0) < (standing.feeRateSatPerKw ?? 0) + RELAY_STEP_SAT_PER_KW
}

const abandon = (code: string, message: string): SpliceEvent => ({ type: 'bump_abandoned', code, message })

/** The rules of fee bumps. They precede the rules after a broadcast, so that a bump ends before its splice does. */
export const feeBumpRules: readonly Rule[] = [
  {
    id: 'bump_done',
    states: STANDING,
    verdicts: 'any',
    when: openIn(
      'a bump is open, and a candidate with the wanted feerate is visible',
      (bump, { verdict }) => verdict.visible !== null && outbids(bump, verdict.visible.candidate),
    ),
    then: 'mark the bump as done',
    event: ({ verdict }) => ({ type: 'bump_done', txid: verdict.visible?.candidate.txid ?? '' }),
  },
  {
    id: 'bump_corrected',
    states: ['pending', 'confirmed'],
    verdicts: 'any',
    when: {
      says: 'the last bump was abandoned as not relayed or out of attempts, and its replacement is visible after all',
      holds: ({ splice, verdict }) => {
        const bump = correctableBump(splice)
        return bump !== null && verdict.visible !== null && outbids(bump, verdict.visible.candidate)
      },
    },
    then: 'mark the bump as done',
    event: ({ verdict }) => ({ type: 'bump_done', txid: verdict.visible?.candidate.txid ?? '' }),
  },
  {
    id: 'bump_nothing_left',
    states: PAST_PENDING,
    verdicts: 'any',
    when: openIn(
      'a bump is open, and nothing is left to replace: the candidate is confirmed, locked or replaced by another transaction, the channel is closed or zero-conf, or the splice has ended',
      (_bump, situation) => nothingLeft(situation) !== null,
    ),
    then: 'abandon the bump; the splice goes on',
    event: (situation) => abandon(NOTHING_LEFT, nothingLeft(situation) ?? ''),
  },
  {
    id: 'bump_unsupported',
    states: ['pending'],
    verdicts: 'any',
    when: openIn('a bump is open, and the node no longer has what makes bumps safe', (_bump, { bumpGates }) =>
      bumpGates.some(({ shut }) => shut?.code === 'bump_unsupported'),
    ),
    then: 'abandon the bump; the splice goes on',
    event: () => abandon('bump_unsupported', 'the node cannot bump the fee of this splice safely'),
  },
  {
    id: 'bump_not_relayed',
    states: ['pending'],
    verdicts: WAITING,
    when: openIn(
      'an attempt of the bump was followed by quiet, and the node signed a replacement that no chain source shows',
      (bump, situation) => isResolved(situation) && unrelayed(bump, situation),
    ),
    then: 'abandon the bump; the splice goes on',
    event: () =>
      abandon(
        'not_relayed',
        'a replacement was signed but not relayed, because it pays too little more than the transaction before it, which stands',
      ),
  },
  {
    id: 'bump_spent',
    states: ['pending'],
    verdicts: WAITING,
    when: openIn(
      'the attempts of the bump were followed by quiet, and all three are used',
      (bump, situation) => isSpent(bump) && isResolved(situation),
    ),
    then: 'abandon the bump; the splice goes on',
    event: () => abandon('budget_spent', 'all attempts of the fee bump are used'),
  },
  {
    id: 'bump',
    states: ['pending'],
    verdicts: WAITING,
    when: openIn('a bump is open, and all its gates are open', (_bump, situation) => allOpen(situation)),
    then: 'request a replacement from the node',
    event: () => null,
    act: 'bump',
  },
  {
    id: 'auto_bump',
    states: ['pending'],
    verdicts: WAITING,
    when: {
      says: 'the candidate has been unconfirmed for the ordered number of blocks, no bump is open, and a replacement is under the ceiling',
      holds: autoDue,
    },
    then: 'open a bump',
    event: ({ splice, verdict }) => ({
      type: 'bump_opened',
      id: bumpIdOf(splice.id, 'policy', String(splice.bumps.length + 1)),
      by: 'policy',
      bodyHash: '',
      feeRateSatPerKw: null,
      tipHeight: verdict.tipHeight,
    }),
  },
]
