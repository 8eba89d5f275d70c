/** @import { Scope } from '../../../core/ports/records.ts' */
/** @import { SpliceView } from '../../api/splice-view.ts' */

/** @typedef {'bump' | 'cancel' | 'retry' | 'fail' | 'name'} Action */

/** @type {Readonly<Record<Action, string>>} */
export const ACTIONS = {
  bump: 'Bump the fee',
  cancel: 'Cancel',
  retry: 'Retry',
  fail: 'Resolve as failed',
  name: 'Resolve with a transaction',
}

/** What a key has to have for it. @type {Readonly<Record<Action, Scope>>} */
export const SCOPES = {
  bump: 'splices:write',
  cancel: 'splices:write',
  retry: 'splices:write',
  fail: 'operator',
  name: 'operator',
}

const BUMPS_MAX = 10

/**
 * What can be asked for in the state that a splice was last seen in. The service decides again when it is asked.
 *
 * @param {SpliceView} splice
 * @returns {readonly Action[]}
 */
export function possibleActions(splice) {
  const { status, candidates, bumps, cancelRequestedAt } = splice
  if (status === 'pending') {
    const free = bumps.length < BUMPS_MAX && bumps.every((bump) => bump.status !== 'open')
    return free ? ['bump'] : []
  }
  if (candidates.length > 0) return []
  /** @type {readonly Action[]} */
  const cancel = cancelRequestedAt === null ? ['cancel'] : []
  if (status === 'queued') return [...cancel, 'fail']
  if (status === 'submitted') return [...cancel, 'fail', 'name']
  if (status === 'needs_attention') return ['retry', ...cancel, 'fail', 'name']
  return []
}

/**
 * @param {string | undefined} text
 * @returns {text is Action}
 */
export function isAction(text) {
  return text !== undefined && Object.hasOwn(ACTIONS, text)
}
