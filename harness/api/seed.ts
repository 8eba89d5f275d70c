import { createKey } from '../../adapters/keys/new-key.ts'
import type { Store } from '../../core/ports/ports.ts'
import { channelKey, type NodeState, type Scope } from '../../core/ports/records.ts'
import type { Capabilities } from '../../core/ports/node.ts'
import type { Preview } from '../../functions/api/context.ts'
import { aChannel, aLook } from '../looks/node.ts'
import { aChannelSeen, aNodeSeen } from '../records/states.ts'
import { aTxid } from '../values.ts'
import { CHANNEL, CLOSING_CHANNEL, NOW } from './values.ts'

/** The nodes and channels that the sweeps saw before the API was asked. */
export const apiNode = aNodeSeen({
  version: '0.3.0',
  capabilities: { bump: true, nonExecutionProofs: ['process_restarted'] },
  channelIds: [CHANNEL, CLOSING_CHANNEL],
  balances: { walletSats: 5_000_000, outboundSats: [600_000, 600_000] },
  seenAt: NOW - 30_000,
})

export const apiChannel = aChannelSeen({
  userChannelId: '7',
  funding: `${aTxid('f')}:0`,
  fundingSince: 0,
  connectedSince: NOW - 60_000,
  lockDepth: 3,
})

/** A node's state with other capabilities. */
export function withCapabilities(state: NodeState, can: Partial<Capabilities>): NodeState {
  return { ...state, capabilities: { ...state.capabilities, ...can } }
}

/** What a node answers when an operator has it looked at. */
export const apiLook = aLook({
  observedAt: NOW - 1_000,
  version: '0.3.1',
  tipHeight: 210,
  tipHash: aTxid('1'),
  capabilities: apiNode.capabilities,
  channels: [
    aChannel({
      userChannelId: '7',
      funding: apiChannel.funding,
      outboundMsat: 500_000_000,
      inboundMsat: 500_000_000,
      claimableSats: 1,
      closeFeeSats: 1,
      lockDepth: 3,
    }),
  ],
  spendableSats: 5_000_000,
  feeRateSatPerKw: 500,
})

export const aPreview: Preview = {
  gates: [
    { name: 'node', open: true, message: null },
    { name: 'channel', open: false, message: 'The peer is not connected.' },
  ],
  estimatedFeeSats: 300,
  feeRateSatPerKw: 500,
  outboundSats: 600_000,
  spendableSats: 5_000_000,
}

/** The chain as followed, and the nodes with their channels. */
export async function seed(store: Store): Promise<void> {
  await store.putItem('node', 'alice', apiNode, 0)
  await store.putItem('node', 'carol', apiNode, 0)
  const lnd = withCapabilities(apiNode, { software: 'lnd', spliceIn: false, spliceOut: false })
  await store.putItem('node', 'lnd', lnd, 0)
  const channels = [
    apiChannel,
    { ...apiChannel, node: 'carol' },
    { ...apiChannel, node: 'lnd' },
    { ...apiChannel, channelId: CLOSING_CHANNEL, closing: true },
  ]
  for (const channel of channels)
    await store.putItem('channel', channelKey(channel.node, channel.channelId), channel, 0)
  const chain = { height: 210, hash: aTxid('1'), seenAt: NOW, hashes: [aTxid('1')], orphans: [] }
  await store.putItem('chain', 'regtest', chain, 0)
}

/** A new key's secret. */
export async function aKey(store: Store, tenant: string, scopes: Scope[], name: string): Promise<string> {
  const { secret, hash, item } = createKey({ tenant, scopes, name }, NOW)
  await store.putItem('key', hash, item, 0)
  return secret
}
