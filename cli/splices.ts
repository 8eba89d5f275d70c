import { SpliceState } from '../core/splice/splice.ts'
import type { SpliceView } from '../functions/api/splice-view.ts'
import { ask, bodyOf } from './ask.ts'
import { SEVERAL, command, positive, valuesOf, whole } from './command.ts'
import { connect } from './connection.ts'
import { exitOf, exits, usage } from './exit.ts'
import { againHint, idempotencyKey, metadataOf } from './order.ts'
import { print, printSplice } from './print.ts'
import { spliceIdOf } from './splice-id.ts'
import { sats, short, tableOf } from './text.ts'
import { follow } from './watch.ts'

const id = { id: { type: 'positional', required: true, description: 'Id of the splice, or its beginning' } } as const
const onceHint = 'It may have been done: check with splicekeeper show before you repeat it'

const show = command('show', 'Show a splice', id, async (given, io) => {
  const client = connect(given, io)
  const param = { id: await spliceIdOf(client, io, given.id) }
  const answer = await ask(io, () => client.v1.splices[':id'].$get({ param }))
  const splice = await bodyOf(answer)
  printSplice(given, io, splice)
  return exitOf(splice)
})

const list = command(
  'list',
  'List splices, newest first',
  {
    status: {
      type: 'enum',
      options: [...SpliceState.options, 'live'],
      description: 'Only in this state, or live: all that have not ended',
    },
    node: { type: 'string', description: 'Only on this node' },
    channel: { type: 'string', description: 'Only on this channel' },
    meta: { type: 'string', description: 'name=value: only with this metadata; repeatable' },
    key: { type: 'string', description: 'The splice that was ordered with this idempotency key' },
    since: { type: 'string', description: 'Only ordered since this time or day, ISO 8601' },
    limit: { type: 'string', description: 'Maximum number of splices (default 20)' },
    cursor: { type: 'string', description: 'Continue where an earlier list ended' },
  },
  async (given, io, words) => {
    const client = connect(given, io)
    const { status, node, channel, key, since, cursor } = given
    const metadata = Object.entries(metadataOf(valuesOf(words, '--meta')))
    const limit = String(whole('--limit', given.limit ?? '20'))
    const query = {
      limit,
      ...(status === undefined ? {} : { status: statusOf(status) }),
      ...(node === undefined ? {} : { node }),
      ...(channel === undefined ? {} : { channel }),
      ...(key === undefined ? {} : { idempotencyKey: key }),
      ...(since === undefined ? {} : { since }),
      ...Object.fromEntries(metadata.map(([name, value]) => [`metadata.${name}`, value])),
      ...(cursor === undefined ? {} : { cursor }),
    }
    const answer = await ask(io, () => client.v1.splices.$get({ query }))
    print(given, io, await bodyOf(answer), ({ data, cursor: next }) => {
      const rows = data.map((splice) => rowOf(splice))
      const table = tableOf(['ID', 'STATUS', 'KIND', 'AMOUNT', 'NODE', 'CHANNEL', 'ORDERED'], rows)
      return next === null ? table : `${table}more: --cursor ${next}\n`
    })
    return exits.done
  },
)

const statusOf = (text: string) => (text === 'live' ? ('live' as const) : SpliceState.parse(text))

function rowOf({ id: spliceId, status, kind, amountSats, node, channel, createdAt }: SpliceView) {
  return [spliceId, status, kind, sats(amountSats), node, short(channel), createdAt]
}

const bump = command(
  'bump',
  'Raise the fee of a splice whose transaction is unconfirmed',
  {
    ...id,
    'fee-rate': { type: 'string', description: 'Minimum feerate in sat/vB (default: the node chooses)' },
    key: { type: 'string', description: 'Idempotency key: bumps with the same key are one bump' },
  },
  async (given, io) => {
    const client = connect(given, io)
    const param = { id: await spliceIdOf(client, io, given.id) }
    const feeRate = given['fee-rate']
    const json = feeRate === undefined ? {} : { feeRateSatPerVb: positive('--fee-rate', feeRate) }
    const key = idempotencyKey(given.key, io)
    const header = { 'Idempotency-Key': key }
    const answer = await ask(io, () => client.v1.splices[':id'].bump.$post({ param, header, json }), {
      keyed: true,
      hint: againHint(key),
    })
    const splice = await bodyOf(answer)
    printSplice(given, io, splice)
    return exitOf(splice)
  },
)

const cancel = command('cancel', 'Stop submitting a splice', id, async (given, io) => {
  const client = connect(given, io)
  const param = { id: await spliceIdOf(client, io, given.id) }
  const answer = await ask(io, () => client.v1.splices[':id'].cancel.$post({ param }))
  printSplice(given, io, await bodyOf(answer))
  return exits.done
})

const retry = command(
  'retry',
  'Allow more attempts for a splice that needs attention',
  {
    ...id,
    attempts: { type: 'string', description: 'Number of additional attempts (default 1)' },
    deadline: { type: 'string', description: 'A new deadline, ISO 8601' },
  },
  async (given, io) => {
    const client = connect(given, io)
    const param = { id: await spliceIdOf(client, io, given.id) }
    const { deadline } = given
    const json = {
      attempts: whole('--attempts', given.attempts ?? '1'),
      ...(deadline === undefined ? {} : { deadline }),
    }
    const send = () => client.v1.splices[':id'].retry.$post({ param, json })
    const answer = await ask(io, send, { once: true, hint: onceHint })
    printSplice(given, io, await bodyOf(answer))
    return exits.done
  },
)

const resolve = command(
  'resolve',
  "An operator's word: that a splice failed, or which transaction is its own",
  {
    ...id,
    outcome: { type: 'positional', required: true, description: 'failed or candidate' },
    txid: { type: 'string', description: 'Txid of the candidate' },
    note: { type: 'string', description: 'Why; required with failed' },
  },
  async (given, io) => {
    const client = connect(given, io, 'operator')
    const param = { id: await spliceIdOf(client, io, given.id) }
    const { outcome, txid, note } = given
    const send = () => {
      if (outcome === 'failed' && note !== undefined && txid === undefined)
        return client.v1.splices[':id'].resolve.$post({ param, json: { outcome, note } })
      if (outcome === 'candidate' && txid !== undefined)
        return client.v1.splices[':id'].resolve.$post({
          param,
          json: { outcome, txid, ...(note === undefined ? {} : { note }) },
        })
      throw usage('resolve takes failed with --note, or candidate with --txid')
    }
    const answer = await ask(io, send, { once: true, hint: onceHint })
    printSplice(given, io, await bodyOf(answer))
    return exits.done
  },
)

const watch = command(
  'watch',
  'Follow splices until they end, one line each; without ids, all live and new ones',
  {
    ids: {
      type: 'positional',
      required: false,
      valueHint: SEVERAL,
      description: 'Ids of splices, or their beginnings',
    },
  },
  async (given, io) => {
    const client = connect(given, io)
    const ids: string[] = []
    for (const each of given._) ids.push(await spliceIdOf(client, io, each))
    return follow(client, io, given, ids)
  },
)

/** Commands for existing splices. */
export const spliceCommands = [list, show, watch, bump, cancel, retry, resolve]
