import { hexOf, type KeyRing } from '../world/keys.ts'
import type { Channel } from '../world/state.ts'
import type { NodeOptions } from '../world/steering.ts'
import type { ClnChannelOptions, ClnNodeOptions } from './steering.ts'
import { ClnBehaviour, type ClnChannel, type ClnNodeState } from './state.ts'

const DEFAULT_LOCK_DEPTH = 3
const DEFAULT_CHANNELS: readonly ClnChannelOptions[] = [{}, {}]

const DEFAULT_BEHAVIOUR: ClnBehaviour = {
  version: 'v26.06.6',
  lacks: [],
  alias: 'simulated',
  reconnectMs: 1_000,
  ignoreFeeLimits: false,
  peerSplices: true,
  peerBroadcasts: false,
  earlySplice: 'disconnect',
}

/** The channels and coins that the world creates for the node, in the general form. */
export function openingsOf({ name, peerName, channels, walletCoinsSats }: ClnNodeOptions): NodeOptions {
  return {
    name,
    ...(peerName === undefined ? {} : { peerName }),
    ...(walletCoinsSats === undefined ? {} : { walletCoinsSats }),
    channels: (channels ?? DEFAULT_CHANNELS).map((channel) => ({
      lockDepth: DEFAULT_LOCK_DEPTH,
      ...channel,
    })),
  }
}

/** A node whose channels are open and deeply confirmed. */
export function freshClnNode(
  keys: KeyRing,
  options: ClnNodeOptions,
  opened: readonly Channel[],
  tipHeight: number,
): ClnNodeState {
  const { name, peerName = 'bob' } = options
  return {
    name,
    nodeId: hexOf(keys.publicKey(`${name}/node`)),
    behaviour: ClnBehaviour.parse({ ...DEFAULT_BEHAVIOUR, alias: name, ...options }),
    alive: true,
    bitcoindDown: false,
    height: tipHeight,
    peers: [
      {
        name: peerName,
        nodeId: hexOf(keys.publicKey(`${peerName}/node`)),
        port: 9735,
        reachable: true,
        connected: true,
        frozenUntil: null,
      },
    ],
    channels: opened.map((channel, n) => freshChannel(channel, options.channels?.[n] ?? {})),
    reservations: {},
    change: [],
    moves: [],
    waiting: [],
    traps: [],
    runes: { nextId: 0, stored: [], blacklist: [] },
  }
}

function freshChannel(opened: Channel, options: ClnChannelOptions): ClnChannel {
  const { channelId, peerId, isOutbound: isOpener, lockDepth, funding, oursMsat: ourMsat } = opened
  return {
    channelId,
    peerId,
    isOpener,
    lockDepth,
    state: options.awaitsLockin === true ? 'CHANNELD_AWAITING_LOCKIN' : 'CHANNELD_NORMAL',
    funding,
    ourMsat,
    inflights: [],
    negotiation: null,
    blocked: false,
    peerLocks: true,
    announced: null,
    stateChanges: [],
    status: 'CHANNELD_NORMAL:Channel ready for use.',
    closeHex: null,
  }
}
