import { acceptSplice } from '../../core/accept/accept-splice.ts'
import { dueAfter } from '../../core/splice/due.ts'
import type { SpliceEvent } from '../../core/splice/event.ts'
import { BUDGET } from '../../core/splice/policy.ts'
import { bumpIdOf } from '../../core/splice/replacement.ts'
import type { Candidate, Splice } from '../../core/splice/splice.ts'
import { step } from '../../core/splice/step.ts'
import type { Verdict } from '../../core/splice/verdict.ts'
import { aCandidate, aChannelSeen, aNodeThat, aVerdict, policy } from '../core/builders.ts'
import { ACCEPTED_AT, aTxid } from './splices.ts'

/** How much happens in a long life. */
export type Length = {
  /** Attempts that may have been taken: the budget has ten, an operator's retries allow more. */
  readonly attempts: number
  /** Whether the node answers them; steps of an attempt that nobody heard of again are all kept. */
  readonly answered: boolean
  /** How often another splice moves the channel before the first attempt. */
  readonly moves: number
  /** Transactions of ours that were seen, one after the other. */
  readonly candidates: number
  /** How often an operator has to say which transaction is ours. */
  readonly cases: number
  /** What operators and the node say is made of this letter. */
  readonly letter: string
}

/** What one client, one node and the chain can do to a splice without anybody's help. */
export const LONG: Length = { attempts: 10, answered: true, moves: 3, candidates: 4, cases: 0, letter: 'x' }
/** Everything at the bounds that the rules set, operators' included, in letters of three bytes. */
export const LONGEST: Length = {
  attempts: 17,
  answered: false,
  moves: 49,
  candidates: 20,
  cases: 17,
  letter: '錄',
}

const TEXT_CHARACTERS = 500
const NAME_CHARACTERS = 128
const REFUSALS = ['not_now', 'in_flight', 'config'] as const
const REFUSALS_EACH = 5
const BUMP_ATTEMPTS = 3
const BUMPS = 10
const REORGS = 6
const ADDRESS = 'bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6'

/** A txid of its own for each number. */
const txidOf = (n: number): string => n.toString(16).padStart(64, 'f')
const outpointAt = (n: number): string => `${txidOf(1_000_000 + n)}:65535`

/**
 * Lives a life of so many events through `step`, in an order that the tables allow, and answers the record after each of
 * them. Throws if one was ignored: it would have changed nothing.
 */
export function longLife(length: Length): Splice[] {
  const life = new Life(length)
  life.queue()
  life.submit()
  life.pend()
  life.bump()
  life.confirm()
  life.dispute()
  return life.records
}

class Life {
  readonly records: Splice[]
  readonly #length: Length
  #now = ACCEPTED_AT + 123
  #serial = 0

  constructor(length: Length) {
    this.#length = length
    this.records = [accepted()]
  }

  get #splice(): Splice {
    const last = this.records.at(-1)
    if (last === undefined) throw new Error('no record')
    return last
  }

  /** Other splices move the channel while this one waits. */
  queue(): void {
    const {
      fundingHistory: [first = ''],
    } = this.#splice
    const fundingHistory = [first, ...Array.from({ length: this.#length.moves }, (_, n) => outpointAt(n))]
    this.#look({ fundingHistory: fundingHistory })
  }

  /** Refused for each reason for which it may be refused and asked again, and then taken, and lost, again and again. */
  submit(): void {
    for (const refusal of REFUSALS) {
      for (let n = 0; n < REFUSALS_EACH; n++) this.#refused(refusal)
    }
    for (let n = 0; n < this.#length.attempts; n++) {
      if (n === BUDGET.maxAttempts) {
        this.#do({
          type: 'attention_needed',
          code: 'unproven',
          message: 'an attempt may still take effect: there is no proof that it was not executed',
        })
        this.#do({ type: 'retry_requested', attempts: this.#length.attempts - n, deadline: null })
      }
      this.#unknown()
      if (n < this.#length.attempts - 1) this.#dies()
    }
    this.#do({ type: 'cancel_requested', generation: 0 })
  }

  /** The first of them is seen after all. */
  pend(): void {
    this.#look({ name: 'pending', candidates: this.#candidates(1) })
    this.#do({ type: 'candidate_seen' })
  }

  /** Ten bumps, each to its bound; what replaces the transaction is the peer's or ours. */
  bump(): void {
    for (let n = 0; n < BUMPS; n++) {
      const by = n % 2 === 0 ? 'client' : 'policy'
      this.#do({
        type: 'bump_opened',
        id: bumpIdOf(this.#splice.id, by, String(n)),
        by,
        bodyHash: aTxid('d'),
        feeRateSatPerKw: 123_457,
        tipHeight: 912_345,
      })
      for (const refusal of REFUSALS) this.#bumpAnswered(refusal)
      for (let tries = 0; tries < BUMP_ATTEMPTS; tries++) this.#bumpAnswered(null)
      const candidates = Math.min(this.#length.candidates, 2 + 2 * n)
      this.#look({ name: 'pending', candidates: this.#candidates(candidates) })
      if (n < BUMPS - 1)
        this.#do({
          type: 'bump_abandoned',
          code: 'not_relayed',
          message:
            'a replacement was signed but not relayed, because it pays too little more than the transaction before it, which stands',
        })
    }
  }

  /** Confirmed, and reorganised, again and again; a second one of ours appears. */
  confirm(): void {
    for (let n = 0; n < REORGS; n++) {
      const block = { height: 912_345 + n, hash: txidOf(2_000_000 + n) }
      const candidates = this.#candidates(this.#length.candidates, block)
      this.#look({ name: 'confirmed', candidates, depth: 1, locked: true })
      this.#do({ type: 'candidate_confirmed' })
      if (n === 1) this.#do({ type: 'second_effect', txid: txidOf(3) })
      if (n % 2 === 1) this.#do({ type: 'settled' })
      this.#look({ name: 'pending', candidates: this.#candidates(this.#length.candidates), blockMoved: true })
      this.#do({ type: 'reorged', tipHeight: 912_345 })
    }
  }

  /** What became of it is an operator's to say, each time with a long note. */
  dispute(): void {
    for (let n = 0; n < this.#length.cases; n++) {
      this.#do({
        type: 'attention_needed',
        code: 'unseen',
        message: 'the transaction has left the mempool, and nothing replaced it',
      })
      this.#do({ type: 'resolved_candidate', txid: txidOf(1), spends: outpointAt(0), note: this.#note(500) })
    }
    this.#do({
      type: 'attention_needed',
      code: 'unseen',
      message: 'the transaction has left the mempool, and nothing replaced it',
    })
    this.#do({ type: 'resolved_failed', note: this.#note(500) })
  }

  #refused(refusal: (typeof REFUSALS)[number]): void {
    const id = this.#start()
    this.#step(id, 'splice_update_secured')
    this.#do({
      type: 'attempt_answered',
      id,
      result: {
        type: 'refused',
        class: refusal,
        reason: 'ContributionInvalid',
        code: 355,
        message: this.#long,
      },
      overlapGuard: false,
      jitter: 0.987_654_321,
    })
  }

  /** Nobody knows what became of it. */
  #unknown(): void {
    const id = this.#start()
    for (const name of ['splice_init', 'splice_update_secured', 'splice_signed']) this.#step(id, name)
    if (this.#length.answered)
      this.#do({
        type: 'attempt_answered',
        id,
        result: { type: 'unknown', message: this.#long },
        overlapGuard: false,
        jitter: 0.5,
      })
    this.#do({ type: 'reason_heard', reason: 'ContributionInvalid', at: this.#now })
  }

  /** The peer was away, and nothing is to be seen since: it is dead. */
  #dies(): void {
    this.#now += 180_001
    this.#look({ peerConnected: false })
    for (let n = 0; n < 2; n++) this.#look({})
    this.#do({ type: 'none_executed_yet' })
  }

  #start(): string {
    const id = this.#id()
    this.#do({
      type: 'attempt_started',
      id,
      submittedOn: this.#splice.fundingHistory.at(-1) ?? '',
      fenceMs: 60_001,
      baseline: { claimableSats: 12_345_678, reservedSats: -1_234 },
    })
    return id
  }

  #step(id: string, name: string): void {
    const txid = name === 'splice_init' ? {} : { txid: txidOf(this.#serial) }
    this.#do({ type: 'attempt_stepped', id, name, ...txid })
  }

  #bumpAnswered(refusal: (typeof REFUSALS)[number] | null): void {
    const id = this.#id()
    this.#do({
      type: 'bump_started',
      id,
      submittedOn: outpointAt(0),
      fenceMs: 60_001,
      baseline: { claimableSats: 12_345_678, reservedSats: -1_234 },
    })
    for (const name of ['splice_init', 'splice_update_secured', 'splice_signed']) this.#step(id, name)
    if (refusal === null && !this.#length.answered) return
    const result =
      refusal === null
        ? ({ type: 'unknown', message: this.#long } as const)
        : ({
            type: 'refused',
            class: refusal,
            reason: 'PeerDisconnected',
            code: 355,
            message: this.#long,
          } as const)
    this.#do({ type: 'bump_answered', id, result, jitter: 0.987_654_321 })
  }

  #look(overrides: Partial<Verdict>): void {
    const { fundingHistory, candidates } = this.#splice
    this.#do({
      type: 'looked',
      verdict: aVerdict({
        fundingHistory: fundingHistory,
        candidates,
        nonExecutionProofs: ['disconnected_since'],
        tipHeight: 912_345,
        ...overrides,
      }),
    })
  }

  #candidates(count: number, block: Candidate['block'] = null): Candidate[] {
    return Array.from({ length: count }, (_, n) =>
      aCandidate({
        txid: txidOf(n + 1),
        spends: outpointAt(0),
        feeSats: 123_457,
        feeRateSatPerKw: 100_001 + n,
        seenAt: ACCEPTED_AT + 123 + n,
        seenAtHeight: 912_345,
        block: n === count - 1 ? block : null,
      }),
    )
  }

  #note(characters: number): string {
    this.#serial += 1
    return String(this.#serial).padEnd(characters, this.#length.letter)
  }

  /** What a node says, at more length than anybody keeps. */
  get #long(): string {
    return 'FailedPrecondition: '.padEnd(TEXT_CHARACTERS, this.#length.letter)
  }

  /** Unique and as long as those that are deployed (26 characters). */
  #id(): string {
    this.#serial += 1
    return `01K9${String(this.#serial).padStart(22, '0')}`
  }

  #do(event: SpliceEvent): void {
    this.#now += 1_001
    // What there was to publish has been: only what the last step adds is not.
    const splice = { ...this.#splice, publishedThrough: this.#splice.eventSerial }
    const stepped = step(splice, event, { now: this.#now, policy })
    if (stepped.actions.some(({ type }) => type === 'ignored'))
      throw new Error(`${event.type} is nothing to a splice that is ${splice.state}`)
    const dueAt = dueAfter(stepped.splice, this.#now, policy, 0.5)
    this.records.push({ ...stepped.splice, dueAt, updatedAt: this.#now })
  }
}

/** Ordered with every field as long as it may be. */
function accepted(): Splice {
  const now = ACCEPTED_AT + 123
  const name = 'n'.repeat(NAME_CHARACTERS)
  const room = BUDGET.metadataBytes - JSON.stringify({ order: '' }).length
  const splice = acceptSplice(
    {
      node: name,
      channelId: 'c'.repeat(64),
      kind: 'splice_out',
      amountSats: 912_345,
      address: ADDRESS,
      budget: {
        maxAttempts: BUDGET.maxAttempts,
        deadline: now + BUDGET.maxDeadlineMs,
        maxFeeRateSatPerKw: 1_234_567,
        maxFeeSats: 1_234_567,
      },
      notBefore: now + 1,
      autoBumpAfterBlocks: 2_016,
      metadata: { order: 'm'.repeat(room) },
    },
    {
      tenant: 't'.repeat(64),
      idempotencyKey: 'long',
      bodyHash: aTxid('b'),
      node: aNodeThat({ bump: true, checksFunding: true }),
      channel: aChannelSeen({ userChannelId: '3'.repeat(39), funding: outpointAt(999) }),
      generation: 0,
      now,
    },
  )
  if (!splice.ok) throw new Error(splice.error.message)
  return { ...splice.value, version: 1, writeId: `01K9${'0'.repeat(22)}` }
}
