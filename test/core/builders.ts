import { Transaction } from 'bitcoinjs-lib'
import { memoryStore } from '../../adapters/store/memory.ts'
import type { MemoryHooks, MemoryStore } from '../../adapters/store/memory.ts'
import type { ChainFault, ChainTransaction, Spend } from '../../core/ports/chain.ts'
import type {
  ChannelState,
  NodeState,
  ChannelLease,
  QueueEntry,
  Versioned,
} from '../../core/ports/records.ts'
import type { Capabilities, ChannelSnapshot, NodeLook } from '../../core/ports/node.ts'
import type { ChainView, Observation } from '../../core/decision/observation.ts'
import type { FundingSpend, FundingSpender } from '../../core/chain/funding-history.ts'
import { outpointOf, splitOutpoint } from '../../core/bitcoin/outpoint.ts'
import { Policy } from '../../core/splice/policy.ts'
import type { SharedView } from '../../core/drive/observe.ts'
import type { ChainPort, ConfiguredNode, NodePort, Ports } from '../../core/ports/ports.ts'
import { err, ok } from '../../core/values/result.ts'
import type { Attempt, Bump, Candidate, Splice } from '../../core/splice/splice.ts'
import type { ParsedTransaction } from '../../core/bitcoin/transaction.ts'
import { parseTransaction } from '../../core/bitcoin/transaction.ts'
import type { Verdict, VerdictName } from '../../core/splice/verdict.ts'
import { ACCEPTED_AT, aSplice, aTxid, countingIds } from '../support/splices.ts'

export const policy = Policy.parse({})
export const NOW = ACCEPTED_AT + 3_600_000
export const TIP = 200
export const FUNDING = `${aTxid('a')}:0`
export const context = { now: NOW, policy }
export const CALL = { signal: new AbortController().signal }
/** Scripts: one that can fund a channel, one that cannot. */
export const P2WSH = `0020${'ab'.repeat(32)}`
export const P2WPKH = `0014${'cd'.repeat(20)}`

/** An unanswered attempt whose fence has passed long ago. */
export function anAttempt(overrides: Partial<Attempt> = {}): Attempt {
  const number = overrides.number ?? 1
  return {
    id: `attempt-${number}`,
    number,
    kind: 'submit',
    submittedOn: FUNDING,
    startedAt: ACCEPTED_AT,
    fenceAt: ACCEPTED_AT + 120_000,
    steps: [],
    result: { type: 'unknown', message: '', at: ACCEPTED_AT + 1_000 },
    notExecuted: null,
    seenDisconnectedAt: null,
    count: 1,
    ...overrides,
  }
}

export function aDeadAttempt(overrides: Partial<Attempt> = {}): Attempt {
  return anAttempt({ notExecuted: { proof: 'process_restarted', at: NOW - 1 }, ...overrides })
}

export function aRefusedAttempt(overrides: Partial<Attempt> = {}): Attempt {
  return anAttempt({
    result: { type: 'refused', class: 'not_now', message: 'not now', at: ACCEPTED_AT + 1_000 },
    notExecuted: { proof: 'refused', at: ACCEPTED_AT + 1_000 },
    ...overrides,
  })
}

export function taken(at = ACCEPTED_AT + 1_000): Attempt['result'] {
  return { type: 'taken', at }
}

export function aCandidate(overrides: Partial<Candidate> = {}): Candidate {
  return {
    txid: aTxid('c'),
    spends: FUNDING,
    feeSats: 300,
    feeRateSatPerKw: 1_000,
    seenAt: NOW - 1,
    seenAtHeight: null,
    block: null,
    ...overrides,
  }
}

/** A queued splice-out on the funding outpoint, without a ceiling. */
export function aLiveSplice(overrides: Partial<Splice> = {}): Splice {
  return aSplice({
    fundingHistory: [FUNDING],
    budget: {
      maxAttempts: 3,
      deadline: NOW + 3_600_000,
      maxFeeRateSatPerKw: null,
      maxFeeSats: null,
    },
    ...overrides,
  })
}

/** One that was submitted once and not answered. */
export function aSubmittedSplice(overrides: Partial<Splice> = {}): Splice {
  return aLiveSplice({
    state: 'submitted',
    submittedOn: FUNDING,
    baseline: { claimableSats: 0, reservedSats: 0 },
    attempts: [anAttempt()],
    attemptSerial: 1,
    leaseHeld: true,
    ...overrides,
  })
}

export function aChannel(overrides: Partial<ChannelSnapshot> = {}): ChannelSnapshot {
  return {
    channelId: 'c'.repeat(64),
    userChannelId: null,
    peerId: `03${'b'.repeat(64)}`,
    peerConnected: true,
    ready: true,
    closing: false,
    funding: FUNDING,
    capacitySats: 1_000_000,
    outboundMsat: 600_000_000,
    inboundMsat: 400_000_000,
    claimableSats: 600_000,
    closeFeeSats: 0,
    lockDepth: 6,
    candidates: null,
    negotiation: 'unknown',
    ...overrides,
  }
}

export function capabilities(overrides: Partial<Capabilities> = {}): Capabilities {
  return {
    software: 'ldk-server',
    spliceIn: true,
    spliceOut: true,
    toAddress: true,
    bump: false,
    setsFeeRate: false,
    feeCap: 'gated',
    overlapGuard: true,
    queuesOffline: true,
    reportsCandidates: false,
    checksFunding: false,
    fenceMs: 120_000,
    nonExecutionProofs: ['process_restarted', 'overlap_guard', 'quiet_absence'],
    leaseScope: 'channel',
    ...overrides,
  }
}

export function aLook(overrides: Partial<NodeLook> = {}): NodeLook {
  return {
    observedAt: NOW,
    nodeId: aSplice().nodeId,
    network: 'regtest',
    version: null,
    tipHeight: TIP,
    tipHash: aTxid('e'),
    synced: true,
    capabilities: capabilities(),
    channels: [aChannel()],
    spendableSats: 1_000_000,
    feeRateSatPerKw: null,
    ...overrides,
  }
}

export function aChain(overrides: Partial<ChainView> = {}): ChainView {
  return {
    tip: { height: TIP, hash: aTxid('e') },
    fundingSpends: [aHop()],
    reachedFunding: true,
    unrecorded: [],
    earlierEffect: null,
    feeRateSatPerKw: 1_000,
    ...overrides,
  }
}

/** What a node can do: an ldk-server with the overlap guard, which does not bump fees. */
export function someCapabilities(overrides: Partial<Capabilities> = {}): Capabilities {
  return {
    software: 'ldk-server',
    spliceIn: true,
    spliceOut: true,
    toAddress: true,
    bump: false,
    setsFeeRate: false,
    checksFunding: false,
    feeCap: 'gated',
    overlapGuard: true,
    queuesOffline: true,
    reportsCandidates: false,
    fenceMs: 120_000,
    nonExecutionProofs: [],
    leaseScope: 'channel',
    ...overrides,
  }
}

/** A node that can do more, or less, than {@link someCapabilities}. */
export function aNodeThat(can: Partial<Capabilities>): NodeState {
  return aNodeSeen({ capabilities: can })
}

export function aNodeSeen({
  capabilities,
  ...overrides
}: Partial<Omit<NodeState, 'capabilities'>> & {
  readonly capabilities?: Partial<Capabilities>
} = {}): NodeState {
  return {
    nodeId: aSplice().nodeId,
    network: 'regtest',
    version: null,
    capabilities: someCapabilities(capabilities),
    channelIds: ['c'.repeat(64)],
    processStarts: [],
    paused: null,
    relayEvents: [],
    seenAt: NOW,
    ...overrides,
  }
}

export function aChannelSeen(overrides: Partial<ChannelState> = {}): ChannelState {
  return {
    node: 'alice',
    channelId: 'c'.repeat(64),
    userChannelId: null,
    peerId: `03${'b'.repeat(64)}`,
    funding: FUNDING,
    fundingSince: ACCEPTED_AT,
    earlier: [],
    capacitySats: 1_000_000,
    outboundMsat: 600_000_000,
    inboundMsat: 400_000_000,
    peerConnected: true,
    connectedSince: NOW,
    ready: true,
    closing: false,
    lockDepth: 6,
    goneAt: null,
    ...overrides,
  }
}

/** Node and chain at rest: the funding outpoint is known unspent, nothing stirs. */
export function anObservation(overrides: Partial<Observation> = {}): Observation {
  return {
    at: NOW,
    node: aLook(),
    channel: aChannel(),
    nodeState: aNodeSeen(),
    channelState: aChannelSeen(),
    quietAbsenceMs: null,
    chain: aChain(),
    followed: { height: TIP, hash: aTxid('e'), seenAt: NOW, hashes: [], orphans: [] },
    lease: null,
    generation: { configured: 0, stored: 0 },
    ...overrides,
  }
}

export function aVerdict(overrides: Partial<Verdict> = {}): Verdict {
  return {
    name: 'absent',
    tipHeight: TIP,
    candidates: [],
    fundingHistory: [FUNDING],
    atFinalDepth: false,
    depth: 0,
    locked: false,
    channelGone: false,
    peerConnected: true,
    isBusy: false,
    balanceSignals: null,
    visible: null,
    signedUnseen: false,
    negotiating: false,
    secondEffect: null,
    blockMoved: false,
    nodeWentBack: false,
    effectWithoutAttempt: null,
    processStarts: [],
    watchedSpent: false,
    nonExecutionProofs: ['process_restarted', 'overlap_guard', 'quiet_absence'],
    quietAbsenceMs: null,
    ...overrides,
  }
}

export type TransactionParts = {
  readonly inputs: readonly {
    readonly outpoint: string
    readonly sequence?: number
    readonly witness?: readonly Uint8Array[]
  }[]
  readonly outputs?: readonly { readonly script: string; readonly amountSats: number }[]
  readonly locktime?: number
}
export type Built = { readonly txid: string; readonly hex: string; readonly parsed: ParsedTransaction }

/** A transaction in its serialised form, and parsed from it. */
export function aTransaction(parts: TransactionParts): Built {
  const tx = new Transaction()
  tx.version = 2
  tx.locktime = parts.locktime ?? 0
  parts.inputs.forEach(({ outpoint, sequence, witness }, index) => {
    const { txid, vout } = splitOutpoint(outpoint)
    tx.addInput(Buffer.from(txid, 'hex').reverse(), vout, sequence ?? 0xfffffffd)
    if (witness) tx.setWitness(index, [...witness])
  })
  for (const { script, amountSats } of parts.outputs ?? [{ script: P2WSH, amountSats: 900_000 }])
    tx.addOutput(Buffer.from(script, 'hex'), BigInt(amountSats))
  const hex = tx.toHex()
  const parsed = parseTransaction(hex)
  if (parsed === null) throw new Error('the builder built nothing that can be read')
  return { txid: tx.getId(), hex, parsed }
}

/** The script of a 2-of-2, and a witness that spends it: what marks the input that was a channel's funding. */
export const TWO_OF_TWO = Buffer.concat([
  Buffer.from([0x52]),
  Buffer.alloc(68, 0x21),
  Buffer.from([0x52, 0xae]),
])
export const FUNDING_WITNESS = [Buffer.alloc(0), Buffer.alloc(71, 1), Buffer.alloc(71, 1), TWO_OF_TWO]

/** A transaction that spends a funding outpoint and funds a channel with its first output. */
export function aSplicing(outpoint: string, amountSats = 900_000): Built {
  return aTransaction({
    inputs: [{ outpoint, witness: FUNDING_WITNESS }],
    outputs: [{ script: P2WSH, amountSats }],
  })
}

/** A force-close of a channel. */
export function aCommitment(outpoint: string): Built {
  return aTransaction({
    inputs: [{ outpoint, sequence: 0x80_00_00_01, witness: FUNDING_WITNESS }],
    outputs: [{ script: P2WPKH, amountSats: 1_000 }],
    locktime: 0x20_00_00_01,
  })
}

export function fundingOf(built: Built): string {
  return outpointOf(built.txid, 0)
}

/** As a chain source knows it: in the block at a height, or null: in the mempool. */
export function onChain(built: Built, height: number | null = null): ChainTransaction {
  const block = height === null ? null : { height, hash: aTxid('d'), time: height * 600 }
  return { txid: built.txid, hex: built.hex, block, feeSats: 300 }
}

export function aSighting(
  spends: string,
  built: Built,
  effect: FundingSpender['effect'],
  height: number | null = null,
): FundingSpender {
  return { spends, tx: onChain(built, height), parsed: built.parsed, effect }
}

export function aHop(overrides: Partial<FundingSpend> = {}): FundingSpend {
  return { outpoint: FUNDING, own: 'confirmed', valueSats: 1_000_000, spender: null, ...overrides }
}

/** The transaction of {@link aPendingSplice}, and one that may take its place; each weighs 596. */
export const FIRST = aSplicing(FUNDING)
export const SECOND = aSplicing(FUNDING, 899_000)

/** One whose transaction, {@link FIRST} at 1000 sat/kw, waits in the mempool since the height 190. */
export function aPendingSplice(overrides: Partial<Splice> = {}): Splice {
  return aSubmittedSplice({
    state: 'pending',
    attempts: [anAttempt({ result: taken() })],
    candidates: [aCandidate({ txid: FIRST.txid, feeSats: 596, seenAtHeight: 190 })],
    ...overrides,
  })
}

/** An attempt of a bump, unanswered, whose fence has passed long ago. */
export function aBumpAttempt(overrides: Partial<Attempt> = {}): Attempt {
  const number = overrides.number ?? 1
  return anAttempt({ id: `bump-attempt-${number}`, number, kind: 'bump', ...overrides })
}

/** An open bump of {@link FIRST}, at the node's price, not asked for yet. */
export function aBump(overrides: Partial<Bump> = {}): Bump {
  return {
    id: 'bmp_1',
    by: 'client',
    bodyHash: 'body',
    feeRateSatPerKw: null,
    from: { txid: FIRST.txid, feeRateSatPerKw: 1_000 },
    attempts: [],
    attemptSerial: overrides.attempts?.length ?? 0,
    baseline: (overrides.attempts?.length ?? 0) > 0 ? { claimableSats: 0, reservedSats: 0 } : null,
    quietSince: null,
    lastLookAt: null,
    inFlightAt: null,
    nextAttemptAt: null,
    openedAt: NOW - 60_000,
    openedAtHeight: 195,
    outcome: null,
    ...overrides,
  }
}

/** The same, ended. */
export function anEndedBump(result: 'done' | 'abandoned', overrides: Partial<Bump> = {}): Bump {
  const txid = result === 'done' ? SECOND.txid : null
  return aBump({ id: 'bmp_0', outcome: { result, code: 'x', message: 'x', txid, at: NOW - 1 }, ...overrides })
}

/** The channel's lease, held by the splice of the builders. */
export function aHeldSlot(overrides: Partial<ChannelLease> = {}): Versioned<ChannelLease> {
  const { id } = aSplice()
  return {
    version: 1,
    value: { holder: id, turn: 1, queue: queueOf(id), frozen: null, ...overrides },
  }
}

/** A place in the queue of a channel, with an effect of its own, entered two minutes ago. */
export function aQueueEntry(overrides: Partial<QueueEntry> = {}): QueueEntry {
  return {
    id: aSplice().id,
    tenant: 'acme',
    kind: 'splice_out',
    script: null,
    amountSats: 1_000,
    enteredAt: NOW - 120_000,
    passes: false,
    ...overrides,
  }
}

/** A queue of these splices, none of which lets others pass. */
export function queueOf(...ids: readonly string[]): QueueEntry[] {
  return ids.map((id) => aQueueEntry({ id }))
}

/** A mempool, or a block, with one spender of the funding outpoint. */
export function aChainWith(
  built: Built,
  { height = null, effect = 'ours', feeSats = 300 }: Partial<Shown> = {},
): ChainView {
  const spender = aSighting(FUNDING, built, effect, height)
  return aChain({ fundingSpends: [aHop({ spender: { ...spender, tx: { ...spender.tx, feeSats } } })] })
}
type Shown = {
  readonly height: number | null
  readonly effect: FundingSpender['effect']
  readonly feeSats: number | null
}

/** A node that bumps fees, {@link FIRST} in the mempool, the lease ours: every gate of an open bump is open. */
export function aPendingObservation(overrides: Partial<Observation> = {}): Observation {
  return anObservation({
    node: aLook({ capabilities: capabilities({ bump: true }) }),
    chain: aChainWith(FIRST),
    lease: aHeldSlot(),
    ...overrides,
  })
}

/** A chain source made of a few transactions; each is the spender of its inputs. */
export class FakeChain implements ChainPort {
  readonly calls: string[] = []
  height = TIP
  fails: (call: string) => boolean = () => false
  /** What `spend` answers, by outpoint, where it is not what follows from the transactions. */
  readonly spends = new Map<string, Spend>()
  readonly #transactions = new Map<string, ChainTransaction>()
  readonly #spenders = new Map<string, ChainTransaction>()

  constructor(transactions: readonly ChainTransaction[] = []) {
    for (const tx of transactions) {
      this.#transactions.set(tx.txid, tx)
      for (const { outpoint } of parseTransaction(tx.hex)?.inputs ?? []) this.#spenders.set(outpoint, tx)
    }
  }

  readonly tip: ChainPort['tip'] = async () => this.#answer('tip', { height: this.height, hash: aTxid('e') })
  readonly blockHash: ChainPort['blockHash'] = async (height) =>
    this.#answer('blockHash', height < this.height ? aTxid('a') : height === this.height ? aTxid('e') : null)
  readonly transaction: ChainPort['transaction'] = async (txid) =>
    this.#answer(`transaction ${txid}`, this.#transactions.get(txid) ?? null)
  readonly spend: ChainPort['spend'] = async (outpoint) =>
    this.#answer(`spend ${outpoint}`, this.spends.get(outpoint) ?? this.#spendOf(outpoint))
  readonly feeRateSatPerKw: ChainPort['feeRateSatPerKw'] = async () => this.#answer('fee', 1_000)
  readonly broadcast: ChainPort['broadcast'] = async () => this.#answer('broadcast', undefined)

  #spendOf(outpoint: string): Spend {
    const { txid, vout } = splitOutpoint(outpoint)
    const made = parseTransaction(this.#transactions.get(txid)?.hex ?? '')?.outputs[vout]?.amountSats
    return { own: 'confirmed', valueSats: made ?? null, spender: this.#spenders.get(outpoint) ?? null }
  }

  #answer<T>(call: string, value: T) {
    this.calls.push(call)
    const fault: ChainFault = { class: 'unreachable', message: call }
    return this.fails(call) ? err(fault) : ok(value)
  }
}

/** A node whose look is given; it takes every submission. */
export function fakeNode(look: () => Awaited<ReturnType<NodePort['look']>>): NodePort {
  return {
    look: async () => look(),
    submit: async () => ({ type: 'taken' }),
    bump: async () => ({ type: 'taken' }),
    newAddress: async () => err({ class: 'unreachable', message: 'no address' }),
    connectPeer: async () => ok(undefined),
    contribution: async () => ok(null),
  }
}

export type Bench = {
  readonly ports: Ports
  readonly store: MemoryStore
  readonly hints: string[]
  /** How much later each hint was to be heard. */
  readonly hintDelaysMs: number[]
  readonly alarms: string[]
  /** What each alarm was about. */
  readonly alarmed: object[]
  readonly counts: Map<string, number>
  now: number
}

export type BenchOptions = {
  readonly hooks?: MemoryHooks
  readonly nodes?: readonly ConfiguredNode[]
  readonly generation?: number
}

/** Ports over a memory store, with everything written down that they were asked for. */
export function aBench(options: BenchOptions = {}): Bench {
  const hints: string[] = []
  const hintDelaysMs: number[] = []
  const alarms: string[] = []
  const alarmed: object[] = []
  const counts = new Map<string, number>()
  const ids = countingIds('bench')
  const store = memoryStore({ ids, ...(options.hooks ? { hooks: options.hooks } : {}) })
  const bench: Bench = {
    store,
    hints,
    hintDelaysMs,
    alarms,
    alarmed,
    counts,
    now: NOW,
    ports: {
      store,
      queue: {
        hint: async (id, delayMs) => {
          hints.push(id)
          hintDelaysMs.push(delayMs)
        },
      },
      clock: { now: () => bench.now },
      chance: { fraction: () => 0, id: () => ids.id() },
      telemetry: {
        count: (name, value = 1) => void counts.set(name, (counts.get(name) ?? 0) + value),
        info: () => undefined,
        alarm: (message, about) => {
          alarms.push(message)
          alarmed.push(about)
        },
      },
      nodes: new Map((options.nodes ?? []).map((node) => [node.name, node])),
      call: () => CALL,
      generation: options.generation ?? 0,
    },
  }
  return bench
}

export function aConfiguredNode(overrides: Partial<ConfiguredNode> = {}): ConfiguredNode {
  return {
    name: 'alice',
    port: fakeNode(() => ok(aLook())),
    chain: new FakeChain(),
    tenants: ['acme'],
    nodeId: null,
    relayKey: null,
    quietAbsenceMs: null,
    ...overrides,
  }
}

/** What a sweep shares of a node that it looked at. */
export function aSharedView({ look }: Pick<SharedView, 'look'>): SharedView {
  const channels = look.ok ? look.value.channels : []
  return { look, channels: new Map(channels.map((each) => [each.channelId, each])), seen: null }
}

/** Every verdict, to ask the tables about each. */
export const VERDICTS: readonly VerdictName[] = [
  'final',
  'confirmed',
  'pending',
  'unseen',
  'replaced',
  'closed',
  'foreign',
  'foreign_pending',
  'unattributed',
  'absent',
  'not_known',
]
