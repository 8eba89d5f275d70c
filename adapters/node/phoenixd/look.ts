import type { Capabilities, ChannelSnapshot, NodeFault, NodeLook, Payout } from '../../../core/ports/node.ts'
import { splitOutpoint } from '../../../core/bitcoin/outpoint.ts'
import type { Call, Clock } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import { Channels, Info as InfoForm, type Channel, type Info, type Payment } from './answers.ts'
import type { PhoenixdClient } from './client.ts'
import { paymentsSince } from './payments.ts'
import { ACINQ_NETWORKS } from '../network.ts'

/** Options of the node port. */
export type PhoenixdOptions = { readonly clock: Clock }

/** How far back to ask for payments. An unresolved attempt is younger, or needs attention anyway. */
const PAYMENTS_MS = 24 * 3_600_000
const MSAT_PER_SAT = 1_000

export const capabilities: Capabilities = {
  software: 'phoenixd',
  spliceIn: false,
  spliceOut: true,
  toAddress: true,
  // `bumpfee` makes another splice, and every call pays for one.
  bump: false,
  setsFeeRate: false,
  // It takes a feerate but no ceiling on the total fee.
  feeCap: 'gated',
  overlapGuard: false,
  queuesOffline: false,
  reportsCandidates: true,
  checksFunding: false,
  fenceMs: null,
  nonExecutionProofs: ['node_idle'],
  leaseScope: 'node',
  submitsOnce: true,
  ownWallet: false,
}

/** The channel in core's form; null when it is not funded yet. */
function snapshotOf(channel: Channel, info: Info): ChannelSnapshot | null {
  const { commitments, type, connected } = channel
  if (commitments === undefined || type === 'Closed') return null
  const { channelId, remoteParams } = commitments.channelParams
  const lowest = Math.min(...commitments.active.map(({ fundingTxIndex }) => fundingTxIndex))
  const [current, ...others] = commitments.active.filter(({ fundingTxIndex }) => fundingTxIndex === lowest)
  const candidates = commitments.active.filter(({ fundingTxIndex }) => fundingTxIndex > lowest)
  const balances = info.channels.find((each) => each.channelId === channelId)
  const shuttingDown = hasValue(channel.localShutdown) || hasValue(channel.remoteShutdown)
  const opening = type.startsWith('WaitForFunding') || type === 'WaitForChannelReady'
  const open = type === 'Normal' && !shuttingDown
  return {
    channelId,
    userChannelId: null,
    peerId: remoteParams.nodeId,
    peerConnected: connected,
    ready: open,
    closing: !open && !opening,
    // Of several competing fundings none is current until one has confirmed.
    funding: others.length > 0 ? null : (current?.fundingInput ?? null),
    capacitySats: current?.fundingAmount ?? 0,
    // phoenixd picks a channel that holds the amount by these numbers.
    outboundMsat: (balances?.balanceSat ?? 0) * MSAT_PER_SAT,
    inboundMsat: (balances?.inboundLiquiditySat ?? 0) * MSAT_PER_SAT,
    claimableSats: null,
    closeFeeSats: null,
    lockDepth: 0,
    candidates: candidates.map(({ fundingInput }) => ({
      txid: splitOutpoint(fundingInput).txid,
      signed: true,
    })),
    negotiation: (channel.spliceStatus?.status ?? 'None') === 'None' ? 'none' : 'active',
  }
}

const hasValue = (value: unknown): boolean => value !== undefined && value !== null

/** Splice-outs of its channels, without the fee; phoenixd does not report the address. */
function payoutsOf(payments: readonly Payment[]): Payout[] {
  return payments.flatMap(({ subType, txId, sent, fees, createdAt }) =>
    subType === 'splice_out' && txId
      ? [{ txid: txId, amountSats: sent - Math.ceil(fees / MSAT_PER_SAT), at: createdAt }]
      : [],
  )
}

/**
 * Reads getinfo, listchannels and the outgoing payments into one look, as old as its first request. Payments
 * come last, so that they are at least as recent as the channels. One failed read fails the look.
 */
export async function look(
  client: PhoenixdClient,
  { clock }: PhoenixdOptions,
  call: Call,
): Promise<Result<NodeLook, NodeFault>> {
  const observedAt = clock.now()
  const info = await client.read('getinfo', {}, InfoForm, call)
  if (!info.ok) return info
  const network = ACINQ_NETWORKS[info.value.chain]
  if (network === undefined) return err({ class: 'config', message: 'getinfo: unknown chain' })
  const channels = await client.read('listchannels', {}, Channels, call)
  if (!channels.ok) return channels
  const payments = await paymentsSince(client, observedAt - PAYMENTS_MS, call)
  if (!payments.ok) return payments
  const { nodeId, version, blockHeight } = info.value
  return ok({
    observedAt,
    nodeId,
    network,
    version,
    tipHeight: blockHeight ?? 0,
    // phoenixd does not report it.
    tipHash: '',
    synced: (blockHeight ?? 0) > 0,
    capabilities,
    channels: channels.value.flatMap((channel) => snapshotOf(channel, info.value) ?? []),
    spendableSats: 0,
    feeRateSatPerKw: null,
    payouts: payoutsOf(payments.value),
  })
}
