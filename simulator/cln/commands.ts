import { abortChannels } from './abort.ts'
import { answered, codes, refused, type Outcome } from './answer.ts'
import { connectTo, feerates, listchainmoves, listchannels, listpeerchannels } from './listings.ts'
import { spliceInit, spliceSigned, spliceUpdate } from './negotiation.ts'
import { funds, nodeInfo } from './node-view.ts'
import type { Own } from './own.ts'
import { has, Refusal, textIn } from './params.ts'
import { splicein, spliceout } from './plugin.ts'
import { checkrune } from './rune-check.ts'
import { showrunes } from './rune-view.ts'
import { addpsbtoutput, fundpsbt, newaddr, signpsbt, unreserveinputs } from './wallet-commands.ts'

type Params = Readonly<Record<string, unknown>>

/** A command: its parameters in order, and whether it only reads, changes our side, or needs the peer. */
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

/** This node's commands, with the parameters of version 26.06. */
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
    command('changes', 'satoshi [initialpsbt] [locktime] [destination] [add_initiator_serial_ids]', addpsbtoutput),
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

export function run(own: Own, method: string, params: Params): Outcome {
  const known = knows(own, method) ? commands.get(method) : undefined
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

/** Converts named or positional parameters to named ones. */
export function named(method: string, params: unknown): Params | null {
  if (!Array.isArray(params)) return typeof params === 'object' ? { ...params } : null
  const known = commands.get(method)
  const names = [...(known?.required ?? []), ...(known?.optional ?? [])]
  return Object.fromEntries(params.map((value: unknown, n) => [names[n] ?? `#${n}`, value]))
}

function knows({ node }: Own, method: string): boolean {
  return commands.has(method) && !node.behaviour.lacks.includes(method)
}

/** A real node writes this error without the quotes of "Unknown command". */
function help(own: Own, params: Params): Outcome {
  const wanted = has(params, 'command') ? textIn(params, 'command') : null
  if (wanted !== null && !knows(own, wanted)) return refused(codes.unknownCommand, `Unknown command ${wanted}`)
  const shown = [...commands].filter(([name]) => knows(own, name) && (wanted === null || name === wanted))
  const usage = ([name, { required, optional }]: readonly [string, Command]): string =>
    [name, ...required, ...optional.map((word) => `[${word}]`)].join(' ')
  return answered({ help: shown.map((entry) => ({ command: usage(entry) })), 'format-hint': 'simple' })
}
