import { NO_AMOUNTS } from './transaction-amounts.ts'
import { foundOf, fundingsSeen, recordForeignTransaction } from './record-foreign.ts'
import type { ChannelState } from '../ports/records.ts'
import { channelKey } from '../ports/records.ts'
import { confirmedOf } from './foreign-payment.ts'
import { pathBack } from '../chain/funding-history.ts'
import type { Outpoint } from '../bitcoin/outpoint.ts'
import { splitOutpoint } from '../bitcoin/outpoint.ts'
import type { ConfiguredNode, Ports } from '../ports/ports.ts'
import type { Network } from '../bitcoin/network.ts'

/** A move that no chain source explains within this time is left out of the ledger, with an alarm. */
const SEARCH_MS = 24 * 3_600_000

/**
 * Writes what moved a channel since the ledger was last brought up to its funding (design section 7): its open, the splices
 * that lie between, or what replaced an open. Costs no call where nothing moved. Answers the funding up to which the ledger is
 * written now, to be noted last, so that a crash, or a chain source that is down, means: again at the next sweep.
 */
export async function discover(
  configured: ConfiguredNode,
  network: Network,
  seen: ChannelState,
  ports: Ports,
): Promise<ChannelState['ledger']> {
  const { funding, ledger } = seen
  if (ledger === undefined || funding === null || ledger.through === funding) return ledger
  const written =
    ledger.through === null
      ? await writeOpen(funding, seen.capacitySats, network, seen, ports)
      : await writeMoves(ledger.through, funding, configured, network, seen, ports)
  return written ? { through: funding } : ledger
}

/** What a channel's funding says of its open; the chain is asked later, by whoever tracks it. */
async function writeOpen(
  funding: Outpoint,
  capacitySats: number | null,
  network: Network,
  { node, channelId }: ChannelState,
  ports: Ports,
): Promise<true> {
  const { txid } = splitOutpoint(funding)
  const figures = { ...NO_AMOUNTS, amountSats: capacitySats === null ? null : Math.floor(capacitySats) }
  const subject = { node, network, channelId, spends: null }
  await recordForeignTransaction(
    subject,
    { type: 'found', txid, amounts: figures, kind: 'channel_open' },
    ports,
  )
  return true
}

async function writeMoves(
  from: Outpoint,
  funding: Outpoint,
  { chain }: ConfiguredNode,
  network: Network,
  seen: ChannelState,
  ports: Ports,
): Promise<boolean> {
  const path = await pathBack(funding, [from], chain, ports.call())
  if (!path.ok) return false
  const { steps, complete } = path.value
  const fundings = fundingsSeen(seen)
  for (const { spends, tx, parsed } of steps) {
    const { node, channelId } = seen
    const found = foundOf(tx, parsed, null, 'foreign_splice', fundings)
    await recordForeignTransaction({ node, network, channelId, spends }, found, ports)
  }
  if (steps.length > 0) return true
  if (complete && (await isOpening(seen, ports))) return writeReplacement(from, funding, network, seen, ports)
  if (!complete && ports.clock.now() - seen.fundingSince < SEARCH_MS) return false
  ports.telemetry.alarm('the ledger cannot follow a channel', { node: seen.node, channel: seen.channelId })
  return true
}

/** Whether the channel is not open yet, or no transaction of its open has been seen to confirm: there, a funding is replaced. */
async function isOpening({ node, channelId, ready, closing }: ChannelState, ports: Ports): Promise<boolean> {
  if (!ready && !closing) return true
  const entry = await ports.store.item('ledger', channelKey(node, channelId))
  const open = entry === null ? null : await ports.store.item('payment', entry.value.paymentId)
  return open !== null && confirmedOf(open.value) === null
}

/** The open that was replaced is the payment's first candidate, also where it was there before the first sweep. */
async function writeReplacement(
  replaced: Outpoint,
  funding: Outpoint,
  network: Network,
  seen: ChannelState,
  ports: Ports,
): Promise<true> {
  await writeOpen(replaced, null, network, seen, ports)
  return writeOpen(funding, seen.capacitySats, network, seen, ports)
}
