import type { Capabilities, NodeFault } from '../../../core/ports/node.ts'
import type { Clock, NodePort } from '../../../core/ports/ports.ts'
import { err, ok } from '../../../core/values/result.ts'
import type { CommandResult } from '../../../core/splice/splice.ts'
import type { Network } from '../../../core/bitcoin/network.ts'

const WHY = 'LND has no splicing: neither its protocol features nor its RPCs have it (as of version 0.21)'
const FAULT: NodeFault = { class: 'config', message: WHY }
const REFUSED: CommandResult = { type: 'refused', class: 'invalid', message: 'not sent: LND has no splicing' }

/** LND has none of the capabilities. */
export const UNSUPPORTED: Capabilities = {
  software: 'lnd',
  spliceIn: false,
  spliceOut: false,
  toAddress: false,
  bump: false,
  setsFeeRate: false,
  feeCap: 'gated',
  overlapGuard: false,
  queuesOffline: false,
  reportsCandidates: false,
  checksFunding: false,
  fenceMs: null,
  nonExecutionProofs: [],
  leaseScope: 'channel',
  unsupported: WHY,
}

/**
 * An LND in the nodes file. It is listed so that orders for it are refused with the reason. The node is never
 * contacted, so the entry needs no address and no credential.
 */
export function lndNode(nodeId: string, network: Network, clock: Clock): NodePort {
  return {
    look: async () =>
      ok({
        observedAt: clock.now(),
        nodeId,
        network,
        version: null,
        tipHeight: 0,
        tipHash: '',
        synced: false,
        capabilities: UNSUPPORTED,
        channels: [],
        spendableSats: 0,
        feeRateSatPerKw: null,
      }),
    submit: async () => REFUSED,
    bump: async () => REFUSED,
    newAddress: async () => err(FAULT),
    connectPeer: async () => err(FAULT),
    contribution: async () => err(FAULT),
  }
}
