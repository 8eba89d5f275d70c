import { ask, bodyOf, send } from './ask.ts'
import { command, idOf } from './command.ts'
import { connect } from './connection.ts'
import { exits } from './exit.ts'
import { print } from './print.ts'
import { sats, tableOf } from './text.ts'

const MSAT = 1_000

const nodes = command('nodes', 'List your nodes and their latest state', {}, async (given, io) => {
  const client = connect(given, io)
  const answer = await ask(io, () => client.v1.nodes.$get())
  print(given, io, await bodyOf(answer), ({ data }) =>
    tableOf(
      ['NAME', 'SOFTWARE', 'VERSION', 'NETWORK', 'HEIGHT', 'CHANNELS', 'WALLET', 'ANSWERS'],
      data.map((node) => [
        node.name,
        node.software,
        node.version,
        node.network,
        node.tipHeight,
        node.channelCount,
        sats(node.spendableSats),
        node.paused !== null ? 'refuses us' : node.stale ? 'no' : node.synced === true ? 'yes' : 'syncing',
      ]),
    ),
  )
  return exits.done
})

const channels = command(
  'channels',
  'List the channels of your nodes',
  { node: { type: 'string', description: 'Only on this node' } },
  async (given, io) => {
    const client = connect(given, io)
    const query = given.node === undefined ? {} : { node: given.node }
    const answer = await ask(io, () => client.v1.channels.$get({ query }))
    print(given, io, await bodyOf(answer), ({ data }) =>
      tableOf(
        ['NODE', 'CHANNEL', 'CAPACITY', 'OUTBOUND', 'INBOUND', 'PEER', 'STATE'],
        data.map((channel) => [
          channel.node,
          channel.channel,
          sats(channel.capacitySats),
          sats(Math.floor(channel.outboundMsat / MSAT)),
          sats(Math.floor(channel.inboundMsat / MSAT)),
          channel.peerConnected ? 'connected' : 'away',
          channel.closing ? 'closing' : channel.ready ? 'ready' : 'not ready',
        ]),
      ),
    )
    return exits.done
  },
)

const unfreeze = command(
  'unfreeze',
  'Unfreeze a channel, once an operator has made sure that the cause is gone',
  {
    channel: { type: 'positional', required: true, description: 'Channel id' },
    note: { type: 'string', required: true, description: 'Why' },
  },
  async (given, io) => {
    const client = connect(given, io, 'operator')
    const param = { id: idOf('the channel', given.channel) }
    const json = { note: given.note }
    const hint = 'It may have been done: repeat it; the answer not_frozen means that it was'
    const answer = await ask(io, () => client.v1.channels[':id'].unfreeze.$post({ param, json }), {
      once: true,
      hint,
    })
    print(given, io, await bodyOf(answer), ({ channel }) => `${channel} is no longer frozen\n`)
    return exits.done
  },
)

const exported = command(
  'export',
  'Export the payments of your splices as CSV, newest first',
  {
    after: { type: 'string', description: 'Only splices ordered after this time, ISO 8601' },
    labels: { type: 'string', description: 'Metadata fields to add as columns, for example order,customer' },
  },
  async (given, io) => {
    const client = connect(given, io)
    const { after, labels } = given
    const fixed = { ...(after === undefined ? {} : { after }), ...(labels === undefined ? {} : { labels }) }
    let cursor: string | null = null
    let parts = 0
    do {
      const query: { cursor?: string } = { ...fixed, ...(cursor === null ? {} : { cursor }) }
      const answer = await send(io, () => client.v1['payments.csv'].$get({ query }))
      const text = await answer.text()
      // Print the column names only once.
      io.out(parts === 0 ? text : text.slice(text.indexOf('\r\n') + 2))
      cursor = cursorOf(answer.headers.get('Link'))
      parts += 1
    } while (cursor !== null)
    return exits.done
  },
)

function cursorOf(link: string | null): string | null {
  const target = /<([^>]*)>;\s*rel="next"/.exec(link ?? '')?.[1]
  return target === undefined ? null : new URL(target, 'http://relative').searchParams.get('cursor')
}

/** Commands for nodes, channels and the export. */
export const nodeCommands = [nodes, channels, unfreeze, exported]
