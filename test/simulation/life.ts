import { outpointOf } from '../../core/bitcoin/outpoint.ts'
import type { Attempt, Splice } from '../../core/splice/splice.ts'
import type { JournalEntry } from '../../simulator/world/world.ts'
import { FINAL_DEPTH } from './funding.ts'
import type { Courtroom } from './witness.ts'

type Place = Pick<Courtroom['stage'], 'world' | 'node'>

/** How an attempt can still take effect, by the world's own account; null: it cannot. The time of its signature names its request. */
export function lifeOf(
  { startedAt }: Attempt,
  { channelId, amountSats }: Splice,
  { world, node }: Place,
): string | null {
  const { entries } = world.journal
  const received = entries.find(
    ({ type, detail, ...entry }) =>
      type === 'request_received' &&
      entry.channelId === channelId &&
      detail['signedAt'] === startedAt &&
      detail['amountSats'] === amountSats,
  )
  if (received === undefined) return null
  const coming = world
    .toJSON()
    .timers.some(
      ({ at, task }) =>
        task.type === 'execute' &&
        task.received === received.serial &&
        at - task.signedAt <= node.behaviour.authWindowMs,
    )
  if (coming) return 'its request has yet to arrive'
  const contribution = contributionOf(received, entries)
  return contribution === null ? null : standingOf(contribution, channelId, { world, node })
}

/** What the node took of a request: the contribution's id. */
function contributionOf({ serial }: JournalEntry, entries: readonly JournalEntry[]): string | null {
  const executedAt = entries.findIndex(
    ({ type, detail }) => type === 'request_executed' && detail['request'] === serial,
  )
  const executed = entries[executedAt]
  if (executed?.detail['outcome'] !== 'taken') return null
  const queued = entries
    .slice(0, executedAt)
    .findLast(({ type, channelId }) => type === 'contribution_queued' && channelId === executed.channelId)
  return queued?.at === executed.at ? String(queued.detail['contribution']) : null
}

function standingOf(contribution: string, channelId: string, { world, node }: Place): string | null {
  const channel = node.channels().find((candidate) => candidate.channelId === channelId)
  if (channel === undefined || channel.status === 'closed') return null
  if (channel.queued?.id === contribution) return 'the node has it queued'
  if (channel.negotiation?.ours?.id === contribution) return 'the node negotiates it'
  const signed = channel.candidates.filter(({ ours }) => ours?.id === contribution).map(({ funding }) => funding.txid)
  if (signed.length === 0) return null
  const spender = world.chain.spender(outpointOf(channel.funding.txid, channel.funding.vout))
  const taken = spender !== null && !signed.includes(spender.txid)
  return taken && (world.chain.confirmations(spender.txid) ?? 0) >= FINAL_DEPTH ? null : 'the node has signed it'
}
