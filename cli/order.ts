import type { Client } from '../client/index.ts'
import type { SpliceBody } from '../functions/api/splice-body.ts'
import type { SpliceKind } from '../core/splice/splice.ts'
import { ask, bodyOf } from './ask.ts'
import { command, idOf, positive, valuesOf, whole } from './command.ts'
import { connect } from './connection.ts'
import { exitOf, exits, usage, type Exit } from './exit.ts'
import type { Io } from './io.ts'
import { print, printSplice } from './print.ts'
import { factsOf, sats } from './text.ts'
import { follow } from './watch.ts'

const order = {
  amount: { type: 'positional', required: true, description: 'Satoshis' },
  node: { type: 'string', description: 'Name of the node; optional if there is only one' },
  channel: { type: 'string', description: 'Channel id; optional if the node has only one open channel' },
  'max-attempts': {
    type: 'string',
    description: 'Maximum number of submissions that the node may have taken (default 3)',
  },
  deadline: { type: 'string', description: 'Do not submit after this time, ISO 8601 (default in 24 hours)' },
  'max-fee-rate': { type: 'string', description: 'Feerate ceiling in sat/vB' },
  'max-fee': { type: 'string', description: 'Fee ceiling in satoshis' },
  'not-before': { type: 'string', description: 'Do not submit before this time, ISO 8601' },
  'auto-bump': { type: 'string', description: 'Bump the fee if unconfirmed after this many blocks' },
  meta: { type: 'string', description: 'name=value, stored with the splice; repeatable' },
} as const
const address = {
  address: { type: 'string', description: "Who is paid; else an address of the node's own wallet" },
} as const
const idempotency = {
  key: {
    type: 'string',
    description: 'Idempotency key: orders with the same key are one order',
  },
  wait: { type: 'boolean', description: 'Watch the splice until it ends' },
  'fail-fast': { type: 'boolean', description: 'Refuse instead of waiting if the funds are missing' },
} as const

type OrderArgs = Readonly<Partial<Record<keyof typeof order | 'address', string | undefined>>> & {
  readonly amount: string
  readonly 'fail-fast'?: boolean | undefined
}

const PREFIX = 'cli-'

/** The idempotency key of a request. A generated key is printed before anything is sent. */
export function idempotencyKey(given: string | undefined, io: Io): string {
  if (given !== undefined) return given
  const key = `${PREFIX}${io.id()}`
  io.err(`Idempotency-Key: ${key}\n`)
  return key
}

export const againHint = (key: string): string => `It may have been accepted: repeat it with --key ${key}`

async function bodyFrom(
  args: OrderArgs,
  words: readonly string[],
  kind: SpliceKind,
  find: () => Promise<{ node: string; channel: string | undefined }>,
): Promise<SpliceBody> {
  const metadata = metadataOf(valuesOf(words, '--meta'))
  const budget = {
    ...(args['max-attempts'] && { maxAttempts: whole('--max-attempts', args['max-attempts']) }),
    ...(args.deadline && { deadline: args.deadline }),
    ...(args['max-fee-rate'] && { maxFeeRateSatPerVb: positive('--max-fee-rate', args['max-fee-rate']) }),
    ...(args['max-fee'] && { maxFeeSats: whole('--max-fee', args['max-fee']) }),
  }
  const wish = {
    kind,
    amountSats: whole('the amount', args.amount),
    ...(args.address && { address: args.address }),
    ...(Object.keys(budget).length > 0 && { budget }),
    ...(args['not-before'] && { notBefore: args['not-before'] }),
    ...(args['fail-fast'] === true && { failFast: true }),
    ...(args['auto-bump'] && { autoBump: { afterBlocks: whole('--auto-bump', args['auto-bump']) } }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  }
  const { node, channel } = await find()
  return { node, ...(channel !== undefined && { channel }), ...wish }
}

/** Metadata from the values of `--meta`. */
export function metadataOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw usage('--meta takes name=value')
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}

/** The named node and channel, or the only ones. */
async function placeOf(client: Client, io: Io, args: OrderArgs) {
  const node = args.node ?? (await onlyNode(client, io))
  if (args.channel !== undefined) return { node, channel: idOf('--channel', args.channel) }
  const { data: nodes } = await bodyOf(await ask(io, () => client.v1.nodes.$get()))
  if (nodes.find(({ name }) => name === node)?.capabilities?.picksChannel === true) return { node, channel: undefined }
  const listed = await ask(io, () => client.v1.channels.$get({ query: { node } }))
  const open = (await bodyOf(listed)).data.filter(({ closing }) => !closing)
  const [only, ...others] = open
  if (only === undefined || others.length > 0)
    throw usage(`${node} has ${open.length} open channels: choose one with --channel`)
  return { node, channel: only.channel }
}

async function onlyNode(client: Client, io: Io): Promise<string> {
  const { data } = await bodyOf(await ask(io, () => client.v1.nodes.$get()))
  const [only, ...others] = data
  if (only === undefined || others.length > 0) throw usage(`there are ${data.length} nodes: choose one with --node`)
  return only.name
}

function ordering(name: 'in' | 'out', description: string, kind: SpliceKind) {
  const args = { ...order, ...(kind === 'splice_out' ? address : {}), ...idempotency }
  return command(name, description, args, async (given, io, words): Promise<Exit> => {
    const client = connect(given, io)
    const json = await bodyFrom(given, words, kind, () => placeOf(client, io, given))
    const key = idempotencyKey(given.key, io)
    const header = { 'Idempotency-Key': key }
    const answer = await ask(io, () => client.v1.splices.$post({ header, json }), {
      keyed: true,
      hint: againHint(key),
    })
    const splice = await bodyOf(answer)
    if (given.wait === true) return follow(client, io, given, [splice.id])
    printSplice(given, io, splice)
    return exitOf(splice)
  })
}

const way = { kind: { type: 'positional', required: true, description: 'in or out' } } as const

const preview = command(
  'preview',
  'Show what would block a splice now and what it may cost; orders nothing',
  { ...way, ...order, ...address },
  async (given, io, words) => {
    if (given.kind !== 'in' && given.kind !== 'out') throw usage('preview takes in or out, then the amount')
    const client = connect(given, io)
    const find = () => placeOf(client, io, given)
    const json = await bodyFrom(given, words, given.kind === 'in' ? 'splice_in' : 'splice_out', find)
    const answer = await ask(io, () => client.v1.splices.preview.$post({ json }))
    print(given, io, await bodyOf(answer), (view) =>
      [
        view.open ? 'Nothing blocks it: it would be submitted now.\n' : 'It would wait:\n',
        ...view.gates.flatMap(({ open, message }) => (open ? [] : [`- ${message ?? 'not open'}\n`])),
        factsOf({
          'estimated fee': sats(view.estimatedFeeSats),
          feerate: view.feeRateSatPerVb === null ? null : `${view.feeRateSatPerVb} sat/vB`,
          'in the channel': sats(view.outboundSats),
          'in the wallet': sats(view.spendableSats),
        }),
      ].join(''),
    )
    return exits.done
  },
)

/** Commands to order and to preview splices. */
export const orderCommands = [
  ordering('in', 'Splice in: from the wallet of the node into a channel', 'splice_in'),
  ordering('out', 'Splice out: from a channel to an address', 'splice_out'),
  preview,
]
