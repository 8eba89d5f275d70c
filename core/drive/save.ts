import { untilWritten } from '../ports/update.ts'
import { differs, dueAfter } from '../splice/due.ts'
import { paymentIdOf } from '../splice/ids.ts'
import type { TxPointer } from '../ports/records.ts'
import type { Policy } from '../splice/policy.ts'
import type { Ports } from '../ports/ports.ts'
import type { RawTransactionOf } from './rebroadcast.ts'
import type { Splice } from '../splice/splice.ts'
import { Splice as SpliceSchema } from '../splice/splice.ts'
import type { Stepped } from '../splice/action.ts'

/**
 * Saves what a step changed, and nothing where only time went by. New candidates get their pointers first, with the raw
 * transaction where `rawOf` has it, so that any txid finds its payment for ever (design section 7).
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
  for (const { txid } of after.candidates.filter(
    (c) => !before.candidates.some((known) => known.txid === c.txid),
  )) {
    if (!(await claim(txid, pointerTo(after.id, rawOf(txid)), ports))) return null
  }
  return ports.store.save(SpliceSchema.parse({ ...due, updatedAt: now }))
}

function pointerTo(id: string, hex: string | undefined): TxPointer {
  return { paymentId: paymentIdOf(id), ...(hex === undefined ? {} : { hex }) }
}

/**
 * Writes the pointer of a transaction, over one that leads to a foreign payment: ours absorbs it. false: another splice was
 * first, and the next look will see that.
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
 * Applies a change to a splice and saves it, again from what is stored where somebody was faster. Whoever has just written the
 * splice gives it instead of its id: it is read only if somebody was.
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
