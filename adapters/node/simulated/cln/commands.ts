import { abortChannels } from './abort.ts'
import { answered, codes, refused } from './answer.ts'
import type { Outcome } from './answer.ts'
import { channelView } from './channel-view.ts'
import { connect } from './connection.ts'
import { feeRatesView } from './feerates.ts'
import { shortChannelIdOf } from './lock.ts'
import { moveView } from './moves.ts'
import { spliceInit, spliceSigned, spliceUpdate } from './negotiation.ts'
import { funds, gossip, nodeInfo } from './node-view.ts'
import type { Own } from './own.ts'
import { has, numberIn, refuse, Refusal, textIn } from './params.ts'
import { splicein, spliceout } from './plugin.ts'
import { checkrune, showrunes } from './rune-check.ts'
import { addpsbtoutput, fundpsbt, newaddr, signpsbt, unreserveinputs } from './wallet-commands.ts'

type Params = Readonly<Record<string, unknown>>

/** A command: its parameters in order, and whether it only tells, changes our side, or needs the peer. */
type Command = {
  readonly required: readonly string[]
  readonly optional: readonly string[]
  readonly kind: 'reads' | 'changes' | 'splices'
  readonly run: (own: Own, params: Params) => Outcome
}

function command(kind: Command['kind'], usage: string, run: Command['run']): Command {
  const words = usage.split(' ').filter((word) => word !== '')
  return {
    required: words.filter((word) => !word.startsWith('[')),
    optional: words.filter((word) => word.startsWith('[')).map((word) => word.slice(1, -1)),
    kind,
    run,
  }
}

const FUNDPSBT =
  'satoshi feerate startweight [minconf] [reserve] [locktime] [min_witness_weight] [excess_as_change] [nonwrapped] [opening_anchor_channel]'

/** The commands that this node has, with the parameters of version 26.06. */
export const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['getinfo', command('reads', '', (own) => answered(nodeInfo(own)))],
  ['listpeerchannels', command('reads', '[id] [short_channel_id] [channel_id]', listpeerchannels)],
  ['listchannels', command('reads', '[short_channel_id] [source] [destination]', listchannels)],
  ['feerates', command('reads', 'style', feerates)],
  ['listfunds', command('reads', '[spent]', (own) => answered(funds(own)))],
  ['listchainmoves', command('reads', '[index] [start] [limit]', listchainmoves)],
  ['help', command('reads', '[command]', help)],
  ['checkrune', command('reads', 'rune [nodeid] [method] [params]', checkrune)],
  ['showrunes', command('reads', '[rune]', showrunes)],
  ['newaddr', command('changes', '[addresstype]', newaddr)],
  ['fundpsbt', command('changes', FUNDPSBT, fundpsbt)],
  [
    'addpsbtoutput',
    command(
      'changes',
      'satoshi [initialpsbt] [locktime] [destination] [add_initiator_serial_ids]',
      addpsbtoutput,
    ),
  ],
  ['signpsbt', command('changes', 'psbt [signonly]', signpsbt)],
  ['unreserveinputs', command('changes', 'psbt [reserve]', unreserveinputs)],
  ['connect', command('changes', 'id [host] [port]', connectTo)],
  ['abort_channels', command('changes', '[channel_ids]', abortChannels)],
  [
    'splice_init',
    command(
      'splices',
      'channel_id relative_amount [initialpsbt] [feerate_per_kw] [force_feerate] [skip_stfu]',
      spliceInit,
    ),
  ],
  ['splice_update', command('splices', 'channel_id psbt', spliceUpdate)],
  ['splice_signed', command('splices', 'psbt [channel_id] [sign_first]', spliceSigned)],
  ['splicein', command('splices', 'channel amount', splicein)],
  ['spliceout', command('splices', 'channel amount [destination] [force_feerate]', spliceout)],
])

/** Executes a command with named parameters. */
export function run(own: Own, method: string, params: Params): Outcome {
  const known = commands.get(method)
  if (known === undefined) return refused(codes.unknownCommand, `Unknown command '${method}'`)
  const missing = known.required.find((name) => !has(params, name))
  if (missing !== undefined) return refused(codes.invalidParams, `missing required parameter: ${missing}`)
  const names = [...known.required, ...known.optional]
  const foreign = Object.keys(params).find((name) => !names.includes(name))
  if (foreign !== undefined) return refused(codes.invalidParams, `unknown parameter: ${foreign}`)
  try {
    return known.run(own, params)
  } catch (error) {
    if (error instanceof Refusal) return { type: 'refused', error: error.error }
    throw error
  }
}

/** Parameters by name, whether they came so or in order. */
export function named(method: string, params: unknown): Params | null {
  if (!Array.isArray(params)) return typeof params === 'object' ? { ...params } : null
  const known = commands.get(method)
  const names = [...(known?.required ?? []), ...(known?.optional ?? [])]
  return Object.fromEntries(params.map((value: unknown, n) => [names[n] ?? `#${n}`, value]))
}

function listpeerchannels(own: Own, params: Params): Outcome {
  const channels = own.node.channels.filter(
    (channel) =>
      (!has(params, 'id') || channel.peerId === params['id']) &&
      (!has(params, 'channel_id') || channel.channelId === params['channel_id']) &&
      (!has(params, 'short_channel_id') || shortChannelIdOf(own, channel) === params['short_channel_id']),
  )
  return answered({ channels: channels.map((channel) => channelView(own, channel)) })
}

function listchannels(own: Own, params: Params): Outcome {
  const { short_channel_id, source, destination } = params
  return answered(gossip(own, { short_channel_id, source, destination }))
}

function feerates(own: Own, params: Params): Outcome {
  const style = textIn(params, 'style')
  if (style === 'perkw' || style === 'perkb') return answered(feeRatesView(own, style))
  return refuse(
    codes.invalidParams,
    `style: should be 'perkb' or 'perkw': invalid token '${JSON.stringify(style)}'`,
  )
}

function listchainmoves(own: Own, params: Params): Outcome {
  const start = has(params, 'start') ? numberIn(params, 'start') : 0
  const limit = has(params, 'limit') ? numberIn(params, 'limit') : own.node.moves.length
  const all = own.node.moves.map((move, n) => ({ index: n + 1, move })).filter(({ index }) => index >= start)
  return answered({ chainmoves: all.slice(0, limit).map(({ index, move }) => moveView(move, index)) })
}

function help(_: Own, params: Params): Outcome {
  const wanted = has(params, 'command') ? textIn(params, 'command') : null
  if (wanted !== null && !commands.has(wanted))
    return refused(codes.unknownCommand, `Unknown command ${wanted}`)
  const shown = [...commands].filter(([name]) => wanted === null || name === wanted)
  const usage = ([name, { required, optional }]: readonly [string, Command]): string =>
    [name, ...required, ...optional.map((word) => `[${word}]`)].join(' ')
  return answered({ help: shown.map((entry) => ({ command: usage(entry) })), 'format-hint': 'simple' })
}

function connectTo(own: Own, params: Params): Outcome {
  const [id] = textIn(params, 'id').split('@')
  const peer = own.node.peers.find(({ nodeId }) => nodeId === id)
  if (peer?.reachable !== true)
    return refused(codes.connectFailed, 'Unable to connect, no address known for peer')
  connect(own, peer)
  const address = { type: 'ipv4', address: '127.0.0.1', port: peer.port }
  return answered({ id: peer.nodeId, features: '808898880a8a59a1', direction: 'out', address })
}
