import { NO_AMOUNTS } from './transaction-amounts.ts'
import { foundOf, fundingsSeen, recordForeignTransaction } from './record-foreign.ts'
import { channelKey, type ChannelState } from '../ports/records.ts'
import { confirmedOf } from './foreign-payment.ts'
import { pathBack } from '../chain/funding-history.ts'
import { splitOutpoint, type Outpoint } from '../bitcoin/outpoint.ts'
import type { ConfiguredNode, Ports } from '../ports/ports.ts'
import type { Network } from '../bitcoin/network.ts'

/** A change of the funding outpoint that stays unexplained this long is left out of the ledger, with an alarm. */
const SEARCH_MS = 24 * 3_600_000

/**
 * Records what moved a channel's funding outpoint since the ledger was last up to date: its open, the splices
 * in between, or the replacement of an open. Costs no call if nothing moved. Returns the funding outpoint up
 * to which the ledger is complete. The caller saves that last, so that after a crash, or while a chain source
 * is down, the next sweep repeats the work.
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

/** Records an open from the channel's funding outpoint alone; tracking asks the chain later. */
async function writeOpen(
  funding: Outpoint,
  capacitySats: number | null,
  network: Network,
  { node, channelId }: ChannelState,
  ports: Ports,
): Promise<true> {
  const { txid } = splitOutpoint(funding)
  const amounts = { ...NO_AMOUNTS, amountSats: capacitySats === null ? null : Math.floor(capacitySats) }
  const subject = { node, network, channelId, spends: null }
  await recordForeignTransaction(subject, { type: 'found', txid, amounts, kind: 'channel_open' }, ports)
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

/** Whether a new funding outpoint replaces the open: the channel is not open yet, or its open never confirmed. */
async function isOpening({ node, channelId, ready, closing }: ChannelState, ports: Ports): Promise<boolean> {
  if (!ready && !closing) return true
  const entry = await ports.store.item('ledger', channelKey(node, channelId))
  const open = entry === null ? null : await ports.store.item('payment', entry.value.paymentId)
  return open !== null && confirmedOf(open.value) === null
}

/** The replaced open becomes the payment's first candidate, even if it is older than the first sweep. */
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
