/** @import { ChannelView } from '../../api/channels.ts' */
/** @import { NodeView } from '../../api/nodes.ts' */
/** @import { Answer } from './client.js' */
/** @import { Child } from './dom.js' */
/** @import { Page } from './page.js' */
import { el } from './dom.js'
import { code, facts, foreign, mark, section, table, time } from './parts.js'
import { feeRate, plain, sats, satsOfMsat, shortened, visible } from './words.js'

/** A refresh makes the service query the nodes, so it is slower than on other pages. */
const EVERY_MS = 30_000

/**
 * The page of the nodes that the key may use, and of their channels.
 *
 * @returns {Page}
 */
export function nodesPage() {
  return {
    name: 'nodes',
    path: '#/nodes',
    title: () => 'Nodes',
    everyMs: EVERY_MS,
    contents: async (ask) => {
      /** @type {[Answer<{ data: readonly NodeView[] }>, Answer<{ data: readonly ChannelView[] }>]} */
      const [nodes, channels] = await Promise.all([ask('v1/nodes'), ask('v1/channels')])
      if (!nodes.ok) return nodes
      if (!channels.ok) return channels
      return { ok: true, value: view(nodes.value.data, channels.value.data) }
    },
    splice: () => null,
    older: () => undefined,
  }
}

/**
 * @param {readonly NodeView[]} nodes
 * @param {readonly ChannelView[]} channels
 * @returns {readonly Child[]}
 */
function view(nodes, channels) {
  if (nodes.length === 0) return [el('h1', { tabindex: -1 }, 'Nodes'), el('p', {}, 'Your key has access to no nodes.')]
  return [
    el('h1', { tabindex: -1 }, 'Nodes'),
    ...nodes.map((node) =>
      nodeOf(
        node,
        channels.filter((channel) => channel.node === node.name),
      ),
    ),
  ]
}

/**
 * @param {NodeView} node
 * @param {readonly ChannelView[]} channels
 */
function nodeOf(node, channels) {
  const { name, nodeId, network, software, version, tipHeight, spendableSats, capabilities } = node
  return section(
    `Node ${visible(name)}`,
    el(
      'ul',
      { class: 'health', 'aria-label': 'Health' },
      healthOf(node).map((line) => el('li', {}, line)),
    ),
    facts([
      ['Node id', nodeId === null ? 'not known' : code(nodeId)],
      ['Software', software === null ? 'not known' : foreign(`${software} ${version ?? ''}`)],
      ['Network', network ?? 'not known'],
      ['Tip', tipHeight === null ? null : String(tipHeight)],
      ['Wallet', spendableSats === null ? null : sats(spendableSats)],
      ['Feerate', node.feeRateSatPerVb === null ? null : feeRate(node.feeRateSatPerVb)],
      ['Can do', capabilities === null ? 'not known' : abilitiesOf(capabilities)],
    ]),
    channels.length === 0 ? el('p', {}, 'No channels are known.') : channelsOf(name, channels),
  )
}

/**
 * @param {NodeView} node
 * @returns {readonly Child[]}
 */
function healthOf({ stale, observedAt, synced, paused, capabilities }) {
  const unsupported = capabilities?.unsupported ?? null
  const seen = observedAt === null ? 'never seen' : ['last seen ', time(observedAt)]
  return [
    stale ? [mark('bad', 'does not answer: '), seen] : mark('good', 'answers'),
    synced === null
      ? mark('unsure', 'sync state not known')
      : synced
        ? mark('good', 'synced with the chain')
        : mark('bad', 'not synced with the chain'),
    paused === null
      ? null
      : [mark('bad', 'refuses our credentials; nothing has been submitted since '), time(paused.at)],
    unsupported === null ? null : [mark('bad', 'cannot splice: '), foreign(unsupported)],
  ].filter((line) => line !== null)
}

/** @param {NonNullable<NodeView['capabilities']>} capabilities */
function abilitiesOf({ spliceIn, spliceOut, bump, feeCap, provenLostBy }) {
  const can = [spliceIn ? 'splice-in' : null, spliceOut ? 'splice-out' : null, bump ? 'fee bump' : null]
  const words = can.filter((each) => each !== null).join(', ') || 'nothing'
  const proof = provenLostBy.length === 0 ? '' : `; a lost request is proven by: ${provenLostBy.map(plain).join(', ')}`
  return visible(`${words}; fee ceiling ${feeCap}${proof}`)
}

/**
 * @param {string} node
 * @param {readonly ChannelView[]} channels
 */
function channelsOf(node, channels) {
  return table({
    caption: `Channels of ${visible(node)}: ${channels.length}`,
    head: ['Channel', 'Peer', 'State', 'Capacity', 'Ours', "The peer's", 'Funding'],
    rows: channels.map((channel) => ({
      key: channel.channel,
      cells: [
        code(shortened(channel.channel)),
        channel.peerConnected ? mark('good', 'connected') : mark('bad', 'not connected'),
        channel.closing ? mark('bad', 'closing') : channel.ready ? mark('good', 'ready') : mark('unsure', 'not ready'),
        sats(channel.capacitySats),
        satsOfMsat(channel.outboundMsat),
        satsOfMsat(channel.inboundMsat),
        channel.funding === null ? 'none' : code(shortened(channel.funding)),
      ],
    })),
  })
}
