const CHANNEL = 'b1dee9ba51128196297be83509046e2cce90132a1c2bbfce00178062704071f6'
const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const PAYMENT = '5df673aa1867a2d36a07beedefba3afd8b5b4281fb292e31da52b9c96de47774'
/** The id of a splice is the beginning of its payment's. */
const SPLICE = 'spl_5df673aa1867a2d36a07beed'
const TXID = '889ef272b2a251216cebec3ba19f384bcfb15d12383eea8e7e27101205fcc4d9'
const BLOCK = 'bc8966a368da82b5d8e85efedea0f60ba1ba281d350d9ec1fed8846d44ff6989'
const FUNDING = '6a9f3c0d0a4b1e5c7d2f8e9b0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f60718293:0'

/** An example order. The schemas refer to the examples, so a test checks that the examples fit. */
export const orderExample = {
  node: 'alice',
  channel: CHANNEL,
  kind: 'splice_out',
  amountSats: 50_000,
  address: ADDRESS,
  budget: { maxAttempts: 3, maxFeeRateSatPerVb: 20, maxFeeSats: 5_000 },
  metadata: { order: '42' },
}

/** The splice of that order, with one confirmation of six. */
export const spliceExample = {
  id: SPLICE,
  object: 'splice',
  status: 'confirmed',
  node: 'alice',
  channel: CHANNEL,
  network: 'regtest',
  kind: 'splice_out',
  amountSats: 50_000,
  address: ADDRESS,
  paymentId: PAYMENT,
  submittedOn: FUNDING,
  txid: TXID,
  feeSats: 722,
  confirmations: 1,
  confirmationsNeeded: 6,
  nextAttemptAt: null,
  attempts: [
    {
      number: 1,
      kind: 'submit',
      submittedOn: FUNDING,
      startedAt: '2026-11-30T10:00:01.000Z',
      result: 'taken',
      refusal: null,
      reason: null,
      notExecuted: false,
      provenBy: null,
      count: 1,
    },
  ],
  candidates: [
    {
      txid: TXID,
      feeSats: 722,
      feeRateSatPerVb: 4,
      overCeiling: false,
      confirmations: 1,
      blockHash: BLOCK,
      seenAt: '2026-11-30T10:00:05.000Z',
    },
  ],
  bumps: [],
  autoBump: null,
  budget: {
    maxAttempts: 3,
    attemptsUsed: 1,
    deadline: '2026-12-01T10:00:00.000Z',
    maxFeeRateSatPerVb: 20,
    maxFeeSats: 5_000,
  },
  feeCap: 'gated',
  notBefore: null,
  metadata: { order: '42' },
  lockedAt: null,
  cancelRequestedAt: null,
  position: null,
  ahead: null,
  waitingFor: 'Confirmed. Waiting for final depth, and for both nodes to switch to the new funding transaction.',
  failure: null,
  attention: null,
  anomaly: null,
  createdAt: '2026-11-30T10:00:00.000Z',
  updatedAt: '2026-11-30T10:09:41.000Z',
  settledAt: null,
  epoch: 0,
  timeline: [
    { at: '2026-11-30T10:00:00.000Z', status: 'queued', why: 'accepted', count: 1 },
    { at: '2026-11-30T10:00:01.000Z', status: 'submitted', why: 'submitted', count: 1 },
  ],
}

/** The payment of that splice. */
export const paymentExample = {
  id: PAYMENT,
  object: 'payment',
  kind: 'splice_out',
  status: 'confirmed',
  splice: SPLICE,
  node: 'alice',
  channel: CHANNEL,
  network: 'regtest',
  txid: TXID,
  amountSats: 50_000,
  feeSats: 722,
  feeRateSatPerVb: 4,
  contributionSats: null,
  confirmations: 1,
  blockHash: BLOCK,
  candidates: [{ txid: TXID, feeSats: 722, feeRateSatPerVb: 4, blockHash: BLOCK, seenAt: '2026-11-30T10:00:05.000Z' }],
  metadata: { order: '42' },
  createdAt: '2026-11-30T10:00:00.000Z',
}
