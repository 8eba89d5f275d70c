import { Transaction } from 'bitcoinjs-lib'
import type { Block } from '../chain/state.ts'
import { blockHash } from '../chain/chain.ts'
import { parsed } from '../chain/transaction-index.ts'
import { freshClnNode, openingsOf } from '../cln/setup.ts'
import { channelIdOf, freshChannel } from './fresh-channel.ts'
import { bytesOf, digest, hexOf, type KeyRing } from './keys.ts'
import { addInput, signCoin } from '../ldk/splice-transaction.ts'
import { NodeBehaviour, type Channel, type NodeState, type WorldState } from './state.ts'
import type { NodeOptions, WorldOptions } from './steering.ts'
import type { ChannelOptions } from './channel-options.ts'

const DEFAULT_VALUE_SATS = 10_000_000
const DEFAULT_CHANNELS: readonly ChannelOptions[] = [{}, {}, { lockDepth: 3 }, { lockDepth: 4 }]
const DEFAULT_COINS_SATS: readonly number[] = Array.from({ length: 10 }, () => 1_000_000)
const PEER_COINS_SATS: readonly number[] = Array.from({ length: 10 }, () => 5_000_000)
const OPENING_FEE_SATS = 500
const BLOCK_SECONDS = 600
const SMALLEST_TIP_HEIGHT = 110
/** Confirmations of the openings: out of reach of ordinary reorgs, spending mature coins (100 blocks). */
const OPENING_CONFIRMATIONS = 10
const DEFAULT_TIP_HEIGHT = SMALLEST_TIP_HEIGHT + OPENING_CONFIRMATIONS

const DEFAULT_BEHAVIOUR: NodeBehaviour = {
  overlapGuard: true,
  forwardReasons: true,
  reportsLostQueued: false,
  paymentsNameChannels: true,
  broadcasts: 'always',
  authWindowMs: 60_000,
  reconnectMs: 1_000,
  version: null,
  hasFeeBump: true,
}

/** A coin in the world's first block: an amount paid to a key. */
type Grant = { readonly path: string; readonly amountSats: number }

export function freshState(options: WorldOptions, keys: KeyRing): WorldState {
  const nodes = options.nodes ?? [{ name: 'alice' }]
  const clnNodes = options.clnNodes ?? []
  const all = [...nodes, ...clnNodes.map(openingsOf)]
  const wallets: Record<string, number> = {}
  const coins = [
    ...all.map((node) => ({ owner: node.name, amounts: node.walletCoinsSats ?? DEFAULT_COINS_SATS })),
    ...[...new Set(all.map(peerNameOf))].map((owner) => ({ owner, amounts: PEER_COINS_SATS })),
  ].flatMap(({ owner, amounts }): Grant[] => {
    // All coins share one key, because deriving keys is most of the cost of a new world.
    wallets[owner] = 1
    return amounts.map((amountSats) => ({ path: `${owner}/wallet/0`, amountSats }))
  })
  const openings = all.flatMap((node) =>
    channelsOf(node).map(({ valueSats }, n): Grant => ({
      path: `${keyPathOf(node, n)}/opening`,
      amountSats: valueSats + OPENING_FEE_SATS,
    })),
  )
  const first = coinbase(keys, [...openings, ...coins])
  const opened = all.map((node) =>
    channelsOf(node).map((channel, n) => open(options.seed, keys, first, node, channel, n)),
  )
  const feeRate = options.feeRateSatPerKw ?? 1000
  return {
    seed: options.seed,
    now: options.startAt,
    serial: 0,
    phases: {
      quiescenceMs: 200,
      ackMs: 200,
      constructingMs: 400,
      signingMs: 200,
      lockMs: 100,
      ...options.phases,
    },
    chain: {
      blocks: firstBlocks(
        options,
        first,
        opened.flatMap((channels) => channels.map(({ funding }) => funding.hex)),
      ),
      mempool: [],
      withheld: [],
      feeEstimates: { default: feeRate },
      minRelaySatPerVb: options.minRelaySatPerVb ?? 1,
      incrementalRelaySatPerVb: options.incrementalRelaySatPerVb ?? 0.1,
      reorgs: 0,
    },
    wallets,
    nodes: nodes.map((node, n) => freshNode(options, keys, node, opened[n] ?? [])),
    clnNodes: clnNodes.map((node, n) =>
      freshClnNode(keys, node, opened[nodes.length + n] ?? [], options.tipHeight ?? DEFAULT_TIP_HEIGHT),
    ),
    timers: [],
    journal: [],
  }
}

function freshNode(options: WorldOptions, keys: KeyRing, node: NodeOptions, channels: Channel[]): NodeState {
  const { name } = node
  const peerName = peerNameOf(node)
  return {
    name,
    nodeId: nodeIdOf(keys, name),
    behaviour: NodeBehaviour.parse({ ...DEFAULT_BEHAVIOUR, ...node }),
    processStartedAt: options.startAt,
    peers: [
      {
        name: peerName,
        nodeId: nodeIdOf(keys, peerName),
        address: `${peerName}.example:9735`,
        reachable: true,
        connected: true,
      },
    ],
    disk: { channels, payments: [] },
    faults: { queue: [], always: [] },
    backups: {},
  }
}

function open(
  seed: string,
  keys: KeyRing,
  first: Transaction,
  node: NodeOptions,
  options: Required<ChannelOptions>,
  number: number,
): Channel {
  const keyPath = keyPathOf(node, number)
  const path = `${keyPath}/opening`
  const script = hexOf(keys.payTo(path).script)
  const vout = first.outs.findIndex((output) => hexOf(output.script) === script)
  const coin = { outpoint: `${first.getId()}:${vout}`, valueSats: options.valueSats + OPENING_FEE_SATS, path }
  const tx = new Transaction()
  tx.version = 2
  addInput(tx, coin.outpoint, Transaction.DEFAULT_SEQUENCE)
  tx.addOutput(keys.funding(keyPath).script, BigInt(options.valueSats))
  signCoin(keys, tx, coin)
  return freshChannel(seed, {
    channelId: channelIdOf(tx.getHash(), 0),
    peerId: nodeIdOf(keys, peerNameOf(node)),
    keyPath,
    isOutbound: options.isOutbound,
    lockDepth: options.lockDepth,
    funding: { txid: tx.getId(), vout: 0, hex: tx.toHex(), valueSats: options.valueSats, keyPath },
    opening: null,
    oursSats: options.oursSats,
  })
}

function coinbase(keys: KeyRing, grants: readonly Grant[]): Transaction {
  const tx = new Transaction()
  tx.version = 2
  // BIP 34: the coinbase's script contains the height.
  tx.addInput(new Uint8Array(32), 0xffffffff, Transaction.DEFAULT_SEQUENCE, bytesOf('5100'))
  for (const { path, amountSats } of grants) tx.addOutput(keys.payTo(path).script, BigInt(amountSats))
  return tx
}

function firstBlocks(options: WorldOptions, first: Transaction, openings: readonly string[]): Block[] {
  const tipHeight = options.tipHeight ?? DEFAULT_TIP_HEIGHT
  if (tipHeight < SMALLEST_TIP_HEIGHT) throw new Error(`the tip is at ${SMALLEST_TIP_HEIGHT} or higher`)
  const blocks: Block[] = []
  for (let height = 0; height <= tipHeight; height++) {
    const transactions =
      height === 1 ? [first.toHex()] : height === tipHeight + 1 - OPENING_CONFIRMATIONS ? [...openings] : []
    const time = Math.floor(options.startAt / 1000) - (tipHeight - height) * BLOCK_SECONDS
    const previous = blocks.at(-1)?.hash ?? hexOf(digest('before genesis', options.seed))
    const txids = transactions.map((hex) => parsed(hex).txid)
    blocks.push({ height, time, transactions, hash: blockHash({ height, time, previous, branch: 0, txids }) })
  }
  return blocks
}

function channelsOf(node: NodeOptions): Required<ChannelOptions>[] {
  return (node.channels ?? DEFAULT_CHANNELS).map((options) => {
    const valueSats = options.valueSats ?? DEFAULT_VALUE_SATS
    const oursSats = options.oursSats ?? Math.floor(valueSats * 0.6)
    return { valueSats, oursSats, lockDepth: options.lockDepth ?? 6, isOutbound: options.isOutbound ?? true }
  })
}

function keyPathOf(node: NodeOptions, number: number): string {
  return `${node.name}/channel/${number}`
}

function peerNameOf(node: NodeOptions): string {
  return node.peerName ?? 'bob'
}

function nodeIdOf(keys: KeyRing, name: string): string {
  return hexOf(keys.publicKey(`${name}/node`))
}
