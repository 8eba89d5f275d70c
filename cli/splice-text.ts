import type { SpliceView } from '../functions/api/splice-view.ts'
import { factsOf, printable, sats, short } from './text.ts'

/** The confirmations of final depth (the anti-reorg delay) where the service does not know more of the channel. */
const FINAL_DEPTH = 6
const BAR = 12

/** All details of a splice, for people. */
export function spliceText(splice: SpliceView): string {
  const { attempts, candidates, budget } = splice
  const candidate = candidates.find(({ txid }) => txid === splice.txid)
  const notExecuted = attempts.filter((attempt) => attempt.notExecuted).length
  const ceiling = [
    budget.maxFeeRateSatPerVb === null ? null : `${budget.maxFeeRateSatPerVb} sat/vB`,
    budget.maxFeeSats === null ? null : sats(budget.maxFeeSats),
  ].filter((limit) => limit !== null)
  return factsOf({
    id: splice.id,
    status: splice.status,
    'waiting for': splice.waitingFor,
    'place in line': splice.position,
    'next attempt': splice.nextAttemptAt,
    failure: splice.failure && `${splice.failure.message} (${splice.failure.code}, proof: ${splice.failure.proof})`,
    attention: splice.attention && `${splice.attention.message} (${splice.attention.code})`,
    what: `${splice.kind} ${sats(splice.amountSats)}`,
    to: splice.address,
    node: splice.node,
    channel: splice.channel,
    transaction: splice.txid,
    fee: candidate && `${sats(splice.feeSats)}, ${candidate.feeRateSatPerVb ?? '–'} sat/vB`,
    confirmations: candidate && progressOf(splice),
    others: candidates.length > 1 ? `${candidates.length - 1} more transactions` : null,
    attempts: `${budget.attemptsUsed} of ${budget.maxAttempts} used${attempts.length === 0 ? '' : `, ${notExecuted} of ${attempts.length} proven not executed`}`,
    'fee ceiling': ceiling.join(', '),
    deadline: splice.settledAt === null ? budget.deadline : null,
    payment: splice.paymentId,
    ordered: splice.createdAt,
    settled: splice.settledAt,
    metadata: Object.keys(splice.metadata).length === 0 ? null : JSON.stringify(splice.metadata),
  })
}

/** One line: the splice's progress towards final depth. */
export function spliceLine(splice: SpliceView): string {
  const { done, needed } = depthOf(splice)
  const filled = splice.status === 'settled' ? BAR : Math.floor((done * BAR) / needed)
  const bar = `${'█'.repeat(filled)}${'·'.repeat(BAR - filled)}`
  const says = splice.failure?.message ?? splice.waitingFor ?? ''
  const what = `${splice.kind === 'splice_in' ? 'in ' : 'out'} ${sats(splice.amountSats)}`
  return printable(
    `${short(splice.id).padEnd(13)}  ${what.padEnd(16)} ${splice.status.padEnd(15)} ${bar} ${progressOf(splice)}  ${says}`,
  ).trimEnd()
}

function progressOf(splice: SpliceView): string {
  const { done, needed } = depthOf(splice)
  return `${done}/${needed}`
}

function depthOf({ confirmations, confirmationsNeeded }: SpliceView) {
  const needed = confirmationsNeeded ?? FINAL_DEPTH
  return { done: Math.min(confirmations ?? 0, needed), needed }
}
