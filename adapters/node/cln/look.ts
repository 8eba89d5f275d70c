import type { Capabilities, ChannelSnapshot, NodeFault, NodeLook } from '../../../core/ports/node.ts'
import type { Call, Clock } from '../../../core/ports/ports.ts'
import { err, ok, type Result } from '../../../core/values/result.ts'
import type { Network } from '../../../core/bitcoin/network.ts'
import type { Instant } from '../../../core/values/instant.ts'
import { FeeRates, Funds, Gossip, Info, PeerChannels, type PeerChannel } from './answers.ts'
import { ask } from './ask.ts'
import { nodeFaultOf } from './error-codes.ts'
import type { Permissions } from './permission.ts'
import type { ClnFault, ClnRpc } from './rpc.ts'
import { GONE, NORMAL, snapshotOf } from './snapshot.ts'

/** Options of the node port. */
export type ClnNodeOptions = {
  readonly clock: Clock
  readonly network: Network
  readonly permissions: Permissions
  /** How long after its start an attempt may make calls; its rune is restricted to this time. Default 60. */
  readonly attemptSeconds?: number
  /** How far the node's clock may be from ours. Default 60. */
  readonly clockSkewSeconds?: number
}

const DEFAULT_SECONDS = 60
const MSAT_PER_SAT = 1_000
/** The first version whose splices behave as we rely on (docs/reference/cln-observed.md). */
const FIRST_VERSION = [26, 6] as const

/** How long after its start an attempt may make calls, in milliseconds. */
export function attemptMs({ attemptSeconds = DEFAULT_SECONDS }: ClnNodeOptions): number {
  return attemptSeconds * 1_000
}

function isRecent(version: string): boolean {
  const [, year, month] = /(\d{1,3})\.(\d{1,2})/.exec(version) ?? []
  if (year === undefined || month === undefined) return false
  const [firstYear, firstMonth] = FIRST_VERSION
  return Number(year) > firstYear || (Number(year) === firstYear && Number(month) >= firstMonth)
}

/** Whether the rune allows only the plugin's splice-in, which can neither be checked before it is signed nor bumped. */
export function isPluginOnly({ spliceIn, pluginSpliceIn, spliceOut }: Permissions): boolean {
  return pluginSpliceIn && !spliceIn && !spliceOut
}

export function capabilitiesOf(version: string, options: ClnNodeOptions): Capabilities {
  const { permissions, clockSkewSeconds = DEFAULT_SECONDS } = options
  const recent = isRecent(version)
  const plugin = isPluginOnly(permissions)
  return {
    software: 'core-lightning',
    spliceIn: recent && (permissions.spliceIn || plugin),
    spliceOut: recent && permissions.spliceOut,
    toAddress: true,
    bump: recent && permissions.spliceIn && permissions.spliceOut,
    setsFeeRate: !plugin,
    feeCap: plugin ? 'gated' : 'enforced',
    overlapGuard: false,
    queuesOffline: false,
    reportsCandidates: true,
    checksFunding: !plugin,
    fenceMs: attemptMs(options) + clockSkewSeconds * 1_000,
    nonExecutionProofs: ['refused', 'channel_closed', 'operator', 'no_return_not_reached', 'disconnected_since'],
    leaseScope: 'channel',
  }
}

type Gathered = {
  readonly info: Info
  readonly channels: readonly PeerChannel[]
  readonly feeRates: FeeRates
  readonly funds: Funds
}

async function gather(rpc: ClnRpc, call: Call): Promise<Result<Gathered, ClnFault>> {
  const [info, channels, feeRates, funds] = await Promise.all([
    ask(rpc, 'getinfo', {}, Info, call),
    ask(rpc, 'listpeerchannels', {}, PeerChannels, call),
    ask(rpc, 'feerates', { style: 'perkw' }, FeeRates, call),
    ask(rpc, 'listfunds', {}, Funds, call),
  ])
  if (info.ok && channels.ok && feeRates.ok && funds.ok)
    return ok({
      info: info.value,
      channels: channels.value.channels,
      feeRates: feeRates.value,
      funds: funds.value,
    })
  const faults = [info, channels, feeRates, funds].flatMap((answer) => (answer.ok ? [] : [answer.error]))
  // A configuration fault is more useful than a temporary one.
  const worst = faults.find((fault) => nodeFaultOf(fault).class === 'config') ?? faults[0]
  return err(worst ?? { type: 'lost', message: 'no answer' })
}

/** Our short channel ids that gossip shows from both sides. Asked for only where a rule needs them. */
async function announcedOf(
  rpc: ClnRpc,
  { info, channels }: Gathered,
  call: Call,
): Promise<Result<ReadonlySet<string>, ClnFault>> {
  if (!channels.some(({ state, private: hidden }) => state === NORMAL && hidden !== true)) return ok(new Set())
  const [from, to] = await Promise.all([
    ask(rpc, 'listchannels', { source: info.id }, Gossip, call),
    ask(rpc, 'listchannels', { destination: info.id }, Gossip, call),
  ])
  if (!from.ok) return from
  if (!to.ok) return to
  const theirs = new Set(to.value.channels.map((channel) => channel.short_channel_id))
  const ours = from.value.channels.map((channel) => channel.short_channel_id)
  return ok(new Set(ours.filter((id) => theirs.has(id))))
}

/** The confirmed, unreserved outputs: they can fund a splice-in. */
function spendableSats({ outputs }: Funds): number {
  const free = outputs.filter(({ status, reserved }) => status === 'confirmed' && !reserved)
  return Math.floor(free.reduce((sum, { amount_msat }) => sum + amount_msat, 0) / MSAT_PER_SAT)
}

function lookOf(
  { info, channels, feeRates, funds }: Gathered,
  announced: ReadonlySet<string>,
  observedAt: Instant,
  options: ClnNodeOptions,
): NodeLook {
  const listed = channels.filter(({ state }) => !GONE.includes(state))
  return {
    observedAt,
    nodeId: info.id,
    network: info.network,
    version: info.version,
    tipHeight: info.blockheight,
    // `getinfo` does not report it.
    tipHash: '',
    synced: info.warning_bitcoind_sync === undefined && info.warning_lightningd_sync === undefined,
    capabilities: capabilitiesOf(info.version, options),
    channels: listed.flatMap((channel): ChannelSnapshot[] => {
      const snapshot = snapshotOf(channel, info.blockheight, announced)
      return snapshot === null ? [] : [snapshot]
    }),
    spendableSats: spendableSats(funds),
    feeRateSatPerKw: feeRates.perkw.splice ?? feeRates.perkw.opening ?? null,
  }
}

/**
 * Reads the node's identity and its channels into one look, as old as its first request. One failed read
 * fails the look.
 */
export async function look(rpc: ClnRpc, options: ClnNodeOptions, call: Call): Promise<Result<NodeLook, NodeFault>> {
  const observedAt = options.clock.now()
  const gathered = await gather(rpc, call)
  if (!gathered.ok) return err(nodeFaultOf(gathered.error))
  const announced = await announcedOf(rpc, gathered.value, call)
  if (!announced.ok) return err(nodeFaultOf(announced.error))
  return ok(lookOf(gathered.value, announced.value, observedAt, options))
}
