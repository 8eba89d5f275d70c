import { dueAfter } from '../../core/splice/due.ts'
import type { SpliceEvent } from '../../core/splice/event.ts'
import type { Candidate, Splice } from '../../core/splice/splice.ts'
import { step } from '../../core/splice/step.ts'
import type { Verdict } from '../../core/splice/verdict.ts'
import { aCandidate } from '../records/attempts.ts'
import { ACCEPTED_AT, policy } from '../values.ts'
import { aVerdict } from '../verdicts.ts'
import { accepted, outpointAt, txidOf } from './accepted.ts'
import type { Length } from './length.ts'

const TEXT_CHARACTERS = 500

export const REFUSALS = ['not_now', 'in_flight', 'config'] as const

/** The record of one life, grown event by event. */
export class Steps {
  readonly records: Splice[]
  readonly length: Length
  #now = ACCEPTED_AT + 123
  #serial = 0

  constructor(length: Length) {
    this.length = length
    this.records = [accepted()]
  }

  get splice(): Splice {
    const last = this.records.at(-1)
    if (last === undefined) throw new Error('no record')
    return last
  }

  refused(refusal: (typeof REFUSALS)[number]): void {
    const id = this.#start()
    this.#step(id, 'splice_update_secured')
    this.do({
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
  unknown(): void {
    const id = this.#start()
    for (const name of ['splice_init', 'splice_update_secured', 'splice_signed']) this.#step(id, name)
    if (this.length.answered)
      this.do({
        type: 'attempt_answered',
        id,
        result: { type: 'unknown', message: this.#long },
        overlapGuard: false,
        jitter: 0.5,
      })
    this.do({ type: 'reason_heard', reason: 'ContributionInvalid', at: this.#now })
  }

  /** The peer was away, and nothing is to be seen since: it is dead. */
  dies(): void {
    this.#now += 180_001
    this.look({ peerConnected: false })
    for (let n = 0; n < 2; n++) this.look({})
    this.do({ type: 'none_executed_yet' })
  }

  #start(): string {
    const id = this.#id()
    this.do({
      type: 'attempt_started',
      id,
      submittedOn: this.splice.fundingHistory.at(-1) ?? '',
      fenceMs: 60_001,
      baseline: { claimableSats: 12_345_678, reservedSats: -1_234 },
    })
    return id
  }

  #step(id: string, name: string): void {
    const txid = name === 'splice_init' ? {} : { txid: txidOf(this.#serial) }
    this.do({ type: 'attempt_stepped', id, name, ...txid })
  }

  bumpAnswered(refusal: (typeof REFUSALS)[number] | null): void {
    const id = this.#id()
    this.do({
      type: 'bump_started',
      id,
      submittedOn: outpointAt(0),
      fenceMs: 60_001,
      baseline: { claimableSats: 12_345_678, reservedSats: -1_234 },
    })
    for (const name of ['splice_init', 'splice_update_secured', 'splice_signed']) this.#step(id, name)
    if (refusal === null && !this.length.answered) return
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
    this.do({ type: 'bump_answered', id, result, jitter: 0.987_654_321 })
  }

  look(overrides: Partial<Verdict>): void {
    const { fundingHistory, candidates } = this.splice
    this.do({
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

  candidates(count: number, block: Candidate['block'] = null): Candidate[] {
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

  note(characters: number): string {
    this.#serial += 1
    return String(this.#serial).padEnd(characters, this.length.letter)
  }

  /** What a node says, at more length than anybody keeps. */
  get #long(): string {
    return 'FailedPrecondition: '.padEnd(TEXT_CHARACTERS, this.length.letter)
  }

  /** Unique and as long as those that are deployed (26 characters). */
  #id(): string {
    this.#serial += 1
    return `01K9${String(this.#serial).padStart(22, '0')}`
  }

  do(event: SpliceEvent): void {
    this.#now += 1_001
    // What there was to publish has been: only what the last step adds is not.
    const splice = { ...this.splice, publishedThrough: this.splice.eventSerial }
    const stepped = step(splice, event, { now: this.#now, policy })
    if (stepped.actions.some(({ type }) => type === 'ignored'))
      throw new Error(`${event.type} is nothing to a splice that is ${splice.state}`)
    const dueAt = dueAfter(stepped.splice, this.#now, policy, 0.5)
    this.records.push({ ...stepped.splice, dueAt, updatedAt: this.#now })
  }
}
