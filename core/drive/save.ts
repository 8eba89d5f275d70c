import { untilWritten } from '../ports/update.ts'
import { differs, dueAfter } from '../splice/due.ts'
import type { TxPointer } from '../ports/records.ts'
import type { Policy } from '../splice/policy.ts'
import type { Ports } from '../ports/ports.ts'
import type { RawTransactionOf } from './rebroadcast.ts'
import { Splice as SpliceSchema, type Splice } from '../splice/splice.ts'
import type { Stepped } from '../splice/action.ts'

/**
 * Saves what a step changed; writes nothing if only time has passed. First writes the txid pointers of new
 * candidates, with the raw transactions that `rawOf` has, so that a candidate's txid always leads to its
 * payment. null: another writer was faster, or another splice has claimed a candidate.
 */
export async function saveSplice(
  before: Splice,
  after: Splice,
  ports: Ports,
  policy: Policy,
  rawOf: RawTransactionOf = () => undefined,
): Promise<Splice | null> {
  const now = ports.clock.now()
  const due = { ...after, dueAt: dueAfter(after, now, policy, ports.chance.fraction()) }
  if (!differs(before, due)) return before
  for (const { txid } of after.candidates.filter((c) => !before.candidates.some((known) => known.txid === c.txid))) {
    if (!(await claim(txid, pointerTo(after, rawOf(txid)), ports))) return null
  }
  return ports.store.save(SpliceSchema.parse({ ...due, updatedAt: now }))
}

function pointerTo({ paymentId }: Splice, hex: string | undefined): TxPointer {
  return { paymentId, ...(hex === undefined ? {} : { hex }) }
}

/**
 * Writes a transaction's pointer. It replaces one to a foreign payment, which ours absorbs. false: another
 * splice was first, and the next look will see that.
 */
async function claim(txid: string, pointer: TxPointer, { store }: Ports): Promise<boolean> {
  if (await store.putItem('tx', txid, pointer, 0)) return true
  const standing = await store.item('tx', txid)
  if (standing === null) return false
  const { paymentId, foreign, hex } = standing.value
  if (foreign !== true && paymentId !== pointer.paymentId) return false
  const isComplete = foreign !== true && (hex !== undefined || pointer.hex === undefined)
  return isComplete || store.putItem('tx', txid, pointer, standing.version)
}

/**
 * Applies a change to a splice and saves it. If another writer was faster, loads the splice and repeats the
 * change. A caller that has just saved the splice can pass it instead of its id, which spares the first read.
 * null: there is no such splice.
 */
export async function updateSplice(
  given: string | Splice,
  change: (splice: Splice) => Stepped,
  ports: Ports,
  policy: Policy,
): Promise<Stepped | null> {
  const id = typeof given === 'string' ? given : given.id
  let read = typeof given === 'string' ? null : given
  return untilWritten(id, async () => {
    const splice = read ?? (await ports.store.load(id))
    read = null
    if (splice === null) return 'missing'
    const changed = change(splice)
    const saved = await saveSplice(splice, changed.splice, ports, policy)
    return saved === null ? null : { splice: saved, actions: changed.actions }
  }).then((stepped) => (stepped === 'missing' ? null : stepped))
}
