/** @import { SpliceView } from '../../api/splice-view.ts' */
import { code, facts, foreign, time, transaction } from './parts.js'
import { feeRate, sats, visible } from './words.js'

/** @param {SpliceView} splice */
export function orderOf(splice) {
  const metadata = Object.entries(splice.metadata)
  return facts([
    ['Id', code(splice.id)],
    ['Node', foreign(splice.node)],
    ['Channel', code(splice.channel)],
    ['Network', splice.network],
    ['Address', splice.address === null ? null : code(splice.address)],
    ['Transaction', splice.txid === null ? null : transaction(splice.txid)],
    ['Fee', splice.feeSats === null ? null : sats(splice.feeSats)],
    ['Confirmations', confirmationsOf(splice)],
    ['Next attempt', splice.nextAttemptAt === null ? null : ['not before ', time(splice.nextAttemptAt)]],
    ['Submitted on', splice.submittedOn === null ? null : outpointOf(splice.submittedOn)],
    ['Automatic fee bump', splice.autoBump === null ? null : `after ${splice.autoBump.afterBlocks} blocks`],
    ['Not before', splice.notBefore === null ? null : time(splice.notBefore)],
    ['Created', time(splice.createdAt)],
    ['Updated', time(splice.updatedAt)],
    ['Locked', splice.lockedAt === null ? null : time(splice.lockedAt)],
    ['Settled', splice.settledAt === null ? null : time(splice.settledAt)],
    ['Epoch', String(splice.epoch)],
    ['Metadata', metadata.length === 0 ? null : facts(metadata.map(([key, text]) => [visible(key), foreign(text)]))],
  ])
}

/** @param {SpliceView} splice */
function confirmationsOf({ confirmations, confirmationsNeeded }) {
  if (confirmations === null) return null
  return confirmationsNeeded === null ? String(confirmations) : `${confirmations} of ${confirmationsNeeded}`
}

/** @param {string} outpoint */
function outpointOf(outpoint) {
  const [txid = '', vout = ''] = outpoint.split(':')
  return [transaction(txid), `:${vout}`]
}

/** @param {SpliceView} splice */
export function budgetOf({ budget, feeCap }) {
  const { maxAttempts, attemptsUsed, deadline, maxFeeRateSatPerVb, maxFeeSats } = budget
  return facts([
    ['Attempts used', `${attemptsUsed} of ${maxAttempts}`],
    ['Deadline', time(deadline)],
    ['Maximum feerate', maxFeeRateSatPerVb === null ? 'no ceiling' : feeRate(maxFeeRateSatPerVb)],
    ['Maximum fee', maxFeeSats === null ? 'no ceiling' : sats(maxFeeSats)],
    ['Fee ceiling', feeCap === null ? 'not known' : ceilings[feeCap]],
  ])
}

const ceilings = {
  enforced: 'enforced: the node signs nothing over the ceiling',
  gated: 'gated: the worst case of the node is checked before each request',
}
