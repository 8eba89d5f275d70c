import type { Capabilities, ChannelSnapshot, NodeFault, NodeLook } from '../../../core/ports/node.ts'
import { splitOutpoint, type Outpoint } from '../../../core/bitcoin/outpoint.ts'
import type { Call, Clock } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import { Channels, type Channel, type Commitment, Info, OnChainBalance } from './answers.ts'
import type { EclairClient } from './client.ts'
import { ACINQ_NETWORKS } from '../network.ts'

/** Options of the node port. */
export type EclairOptions = {
  readonly clock: Clock
  /** Eclair's setting `channel.min-depth-blocks`, which its API does not report; default 8, Eclair's own. */
  readonly minDepthBlocks?: number
}

const DEFAULT_MIN_DEPTH_BLOCKS = 8
/** The first version whose answers and splices follow BOLT 2. */
const LEAST_VERSION = [0, 14] as const
/** The type of an open channel's `data`, whether or not the peer is connected. */
const OPEN = 'DATA_NORMAL'
const MSAT_PER_SAT = 1_000

function isOld(version: string): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? []
  if (major === undefined || minor === undefined) return true
  const [leastMajor, leastMinor] = LEAST_VERSION
  return Number(major) < leastMajor || (Number(major) === leastMajor && Number(minor) < leastMinor)
}

/** Eclair's capabilities. An unknown version counts as too old. */
export function capabilitiesOf(version: string): Capabilities {
  const old = isOld(version)
  return {
    software: 'eclair',
    spliceIn: !old,
    spliceOut: !old,
    toAddress: true,
    bump: !old,
    setsFeeRate: true,
    // A splice takes neither a feerate nor a budget; only `rbfsplice` does.
    feeCap: 'gated',
    overlapGuard: false,
    queuesOffline: false,
    reportsCandidates: true,
    checksFunding: false,
    fenceMs: null,
    nonExecutionProofs: ['single_commitment'],
    leaseScope: 'channel',
    // `rbfsplice` is a command of its own, refused when nothing is left to replace. A splice-out adds no
    // wallet input, and nobody has shown yet that its replacement pays more.
    replaces: ['splice_in'],
    ...(old ? { unsupported: 'this Eclair is too old: splices need version 0.14 or later' } : {}),
  }
}

/** A channel's fundings: the current one until the next lock, and the candidates to follow it. */
export function fundingsOf(active: readonly Commitment[]): {
  readonly current: Commitment | null
  readonly candidates: readonly Commitment[]
} {
  const lowest = Math.min(...active.map(({ fundingTxIndex }) => fundingTxIndex))
  const [current, ...others] = active.filter(({ fundingTxIndex }) => fundingTxIndex === lowest)
  // Competing replacements of an unconfirmed channel opening: none is current yet.
  if (current === undefined || others.length > 0) return { current: null, candidates: [] }
  return { current, candidates: active.filter((commitment) => commitment !== current) }
}

export function txidOf(fundingInput: Outpoint): string {
  return splitOutpoint(fundingInput).txid
}

/** What a side can spend in a funding: its balance above the reserve, 1 % of the value (BOLT 2, version 2 channels). */
function aboveReserveMsat({ fundingAmount, remoteCommitParams }: Commitment, sideMsat: number): number {
  const reserveSats = Math.max(Math.floor(fundingAmount / 100), remoteCommitParams.dustLimit)
  return Math.max(0, sideMsat - reserveSats * MSAT_PER_SAT)
}

/** The channel in core's form; null when it is not funded yet, or closed. */
function snapshotOf(channel: Channel, minDepthBlocks: number): ChannelSnapshot | null {
  const { data, state } = channel
  if (data.commitments === undefined) return null
  const { active, channelParams } = data.commitments
  const { current, candidates } = fundingsOf(active)
  const shuttingDown = data.localShutdown !== undefined || data.remoteShutdown !== undefined
  const open = data.type === OPEN && !shuttingDown
  const opening = data.type.startsWith('DATA_WAIT_FOR_') && !data.type.includes('REMOTE_PUBLISH')
  const isZeroConf = channelParams.channelFeatures.includes('option_zeroconf')
  const specs = active.map((commitment) => ({ commitment, ...commitment.localCommit.spec }))
  return {
    channelId: channel.channelId,
    userChannelId: null,
    peerId: channel.nodeId,
    // In any other state something is in progress, and what Eclair shows proves nothing.
    peerConnected: state === 'NORMAL',
    ready: open,
    closing: !open && !opening,
    funding: current?.fundingInput ?? null,
    capacitySats: (current ?? active.at(-1))?.fundingAmount ?? 0,
    outboundMsat: Math.min(...specs.map(({ commitment, toLocal }) => aboveReserveMsat(commitment, toLocal))),
    inboundMsat: Math.min(...specs.map(({ commitment, toRemote }) => aboveReserveMsat(commitment, toRemote))),
    claimableSats: null,
    closeFeeSats: null,
    lockDepth: isZeroConf ? 0 : minDepthBlocks,
    candidates: candidates.map(({ fundingInput, localFunding }) => ({
      txid: txidOf(fundingInput),
      signed: localFunding.status === 'confirmed' || localFunding.txid !== undefined,
    })),
    negotiation: 'unknown',
  }
}

/**
 * Reads getinfo, channels and the wallet's balance into one look, as old as its first request. One failed
 * read fails the look.
 */
export async function look(
  client: EclairClient,
  { clock, minDepthBlocks = DEFAULT_MIN_DEPTH_BLOCKS }: EclairOptions,
  call: Call,
): Promise<Result<NodeLook, NodeFault>> {
  const observedAt = clock.now()
  const [info, channels, balance] = await Promise.all([
    client.read('getinfo', {}, Info, call),
    client.read('channels', {}, Channels, call),
    client.read('onchainbalance', {}, OnChainBalance, call),
  ])
  const faults = [info, channels, balance].flatMap((answer) => (answer.ok ? [] : [answer.error]))
  const worst = faults.find((fault) => fault.class === 'config') ?? faults[0]
  if (!info.ok || !channels.ok || !balance.ok) return err(worst ?? { class: 'unreachable', message: 'no answer' })
  const { version, nodeId, blockHeight } = info.value
  const network = ACINQ_NETWORKS[info.value.network]
  if (network === undefined) return err({ class: 'config', message: 'getinfo: unknown network' })
  return ok({
    observedAt,
    nodeId,
    network,
    version,
    tipHeight: blockHeight,
    // Eclair does not report it.
    tipHash: '',
    // Eclair starts only after its Bitcoin Core is synced, and reports height 0 until it has heard of a
    // block.
    synced: blockHeight > 0,
    capabilities: capabilitiesOf(version),
    channels: channels.value.flatMap((channel) => snapshotOf(channel, minDepthBlocks) ?? []),
    spendableSats: balance.value.confirmed,
    feeRateSatPerKw: null,
  })
}
