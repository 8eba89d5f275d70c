import { channelKey, type ItemKind, type ItemOf } from '../../core/ports/records.ts'
import { aTxid } from '../values.ts'

const NODE_ID = `02${'a'.repeat(64)}`

/** One key and value of each kind of small item. */
export const oneOfEach: { readonly [K in ItemKind]: { readonly key: string; readonly value: ItemOf<K> } } = {
  lease: {
    key: 'c'.repeat(64),
    value: {
      holder: 'spl_a',
      turn: 3,
      waiting: ['spl_a', 'spl_b'],
      frozen: { cause: 'anomaly', at: 5, note: '' },
    },
  },
  channel: {
    key: channelKey('alice', 'c'.repeat(64)),
    value: {
      node: 'alice',
      channelId: 'c'.repeat(64),
      userChannelId: '340282366920938463463374607431768211455',
      peerId: NODE_ID,
      funding: `${aTxid('1')}:0`,
      fundingSince: 1_790_000_000_000,
      earlier: [`${aTxid('2')}:1`],
      capacitySats: 1_000_000,
      outboundMsat: Number.MAX_SAFE_INTEGER,
      inboundMsat: 0,
      peerConnected: true,
      connectedSince: 1_795_996_800_000,
      ready: true,
      closing: false,
      lockDepth: null,
      goneAt: null,
    },
  },
  node: {
    key: 'alice',
    value: {
      nodeId: NODE_ID,
      network: 'regtest',
      version: null,
      capabilities: {
        software: 'ldk-server',
        spliceIn: true,
        spliceOut: true,
        toAddress: true,
        bump: false,
        setsFeeRate: false,
        checksFunding: false,
        feeCap: 'gated',
        overlapGuard: false,
        queuesOffline: true,
        reportsCandidates: false,
        fenceMs: null,
        nonExecutionProofs: ['refused'],
        leaseScope: 'channel',
      },
      channelIds: [],
      processStarts: [1, 2],
      paused: null,
      relayEvents: ['event ✓'],
      seenAt: 9,
    },
  },
  chain: {
    key: 'regtest',
    value: { height: 0, hash: aTxid('0'), seenAt: 1, hashes: [aTxid('0')], orphans: [] },
  },
  guard: { key: '-', value: { generation: 1, backupAt: null } },
  key: {
    key: aTxid('3'),
    value: { tenant: 'acme', scopes: ['splices:read', 'operator'], name: '', createdAt: 1, revokedAt: null },
  },
  keyList: { key: 'acme', value: { hashes: [aTxid('3'), aTxid('4')] } },
  keyUse: { key: aTxid('3'), value: { at: 1_795_996_800_000 } },
  tx: { key: aTxid('4'), value: { paymentId: aTxid('5'), foreign: true } },
  payment: {
    key: aTxid('6'),
    value: {
      id: aTxid('6'),
      node: 'alice',
      network: 'regtest',
      channelId: 'c'.repeat(64),
      kind: 'foreign_splice',
      spends: `${aTxid('1')}:0`,
      candidates: [
        {
          txid: aTxid('6'),
          feeSats: 310,
          feeRateSatPerKw: null,
          amountSats: -5,
          contributionSats: null,
          contributionAsked: true,
          seenAt: 1,
          block: { height: 7, hash: aTxid('7') },
        },
      ],
      absorbedBy: aTxid('5'),
      final: null,
      idleSinceHeight: null,
      voidAt: null,
      unspentThroughHeight: 6,
      createdAt: 1,
      dueAt: 2,
    },
  },
  ledger: { key: `${aTxid('1')}:0`, value: { paymentId: aTxid('6') } },
  rawTransaction: { key: aTxid('4'), value: { hex: '02'.repeat(100_000) } },
  webhooks: {
    key: 'acme',
    value: {
      endpoints: [
        {
          id: 'whk_1',
          url: 'https://example.com/splices',
          description: null,
          secrets: [
            { secret: `whsec_${'A'.repeat(43)}=`, validUntil: null },
            { secret: `whsec_${'B'.repeat(43)}=`, validUntil: 9 },
          ],
          deliveredThrough: 7,
          failing: { since: 1, failures: 2, nextAttemptAt: 3, fault: 'status', status: 500 },
          lease: { holder: 'a', until: 4 },
          disabled: { at: 5, reason: 'failing', announced: false },
          createdAt: 1,
        },
      ],
    },
  },
}
