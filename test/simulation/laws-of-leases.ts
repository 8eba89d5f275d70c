import type { ChannelLease } from '../../core/ports/records.ts'
import { nameOf } from './laws-of-writes.ts'

/** One write of a lease: who held it before, and which splices are live by their records as last written. */
export type LeaseWrite = {
  readonly before: string | null
  readonly lease: ChannelLease
  readonly isLive: (id: string) => boolean
}

/** Returns what is wrong; null: the law holds. */
type Law = (write: LeaseWrite) => string | null

/** What holds of every write of a channel's queue, whatever the product counts with. */
export const lawsOfLeases: Readonly<Record<string, Law>> = {
  'the lease goes to the first that does not let others pass': ({ before, lease, isLive }) => {
    const { holder, queue } = lease
    if (holder === null || holder === before) return null
    const at = queue.findIndex(({ id }) => id === holder)
    if (at < 0) return `${nameOf(holder)} holds it and is not in the queue`
    const skipped = queue.slice(0, at).find(({ id, passes }) => !passes && isLive(id))
    return skipped === undefined ? null : `${nameOf(holder)} goes before ${nameOf(skipped.id)}`
  },
  'a queue names a splice once': ({ lease: { queue } }) =>
    new Set(queue.map(({ id }) => id)).size === queue.length ? null : 'one stands in it twice',
  'no two live splices of a queue are equal': ({ lease: { queue }, isLive }) => {
    const effects = queue
      .filter(({ id, kind, script }) => isLive(id) && (kind === 'splice_in' || script !== null))
      .map(({ kind, amountSats, script }) => `${kind} ${amountSats} ${script}`)
    return new Set(effects).size === effects.length ? null : effects.join(', ')
  },
}

/** The laws that a write breaks. */
export function brokenByLease(write: LeaseWrite): { readonly law: string; readonly detail: string }[] {
  return Object.entries(lawsOfLeases).flatMap(([law, holds]) => {
    const wrong = holds(write)
    return wrong === null ? [] : [{ law, detail: wrong }]
  })
}
