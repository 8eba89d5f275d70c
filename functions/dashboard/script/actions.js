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

/** The scope that each action requires. @type {Readonly<Record<Action, Scope>>} */
export const SCOPES = {
  bump: 'splices:write',
  cancel: 'splices:write',
  retry: 'splices:write',
  fail: 'operator',
  name: 'operator',
}

const BUMPS_MAX = 10

/**
 * The actions that a splice's last known state allows. The service checks again when it receives the request.
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
