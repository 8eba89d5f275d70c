import { BUDGET } from '../../core/splice/policy.ts'
import { bumpIdOf } from '../../core/splice/replacement.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { aTxid } from '../values.ts'
import { outpointAt, txidOf } from './accepted.ts'
import type { Length } from './length.ts'
import { REFUSALS, Steps } from './steps.ts'

const REFUSALS_EACH = 5
const BUMP_ATTEMPTS = 3
const BUMPS = 10
const REORGS = 6

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

class Life extends Steps {
  /** Other splices move the channel while this one waits. */
  queue(): void {
    const {
      fundingHistory: [first = ''],
    } = this.splice
    const fundingHistory = [first, ...Array.from({ length: this.length.moves }, (_, n) => outpointAt(n))]
    this.look({ fundingHistory: fundingHistory })
  }

  /** Refused for each reason for which it may be refused and asked again, and then taken, and lost, again and again. */
  submit(): void {
    for (const refusal of REFUSALS) {
      for (let n = 0; n < REFUSALS_EACH; n++) this.refused(refusal)
    }
    for (let n = 0; n < this.length.attempts; n++) {
      if (n === BUDGET.maxAttempts) {
        this.do({
          type: 'attention_needed',
          code: 'unproven',
          message: 'an attempt may still take effect: there is no proof that it was not executed',
        })
        this.do({ type: 'retry_requested', attempts: this.length.attempts - n, deadline: null })
      }
      this.unknown()
      if (n < this.length.attempts - 1) this.dies()
    }
    this.do({ type: 'cancel_requested', generation: 0 })
  }

  /** The first of them is seen after all. */
  pend(): void {
    this.look({ name: 'pending', candidates: this.candidates(1) })
    this.do({ type: 'candidate_seen' })
  }

  /** Ten bumps, each to its bound; what replaces the transaction is the peer's or ours. */
  bump(): void {
    for (let n = 0; n < BUMPS; n++) {
      const by = n % 2 === 0 ? 'client' : 'policy'
      this.do({
        type: 'bump_opened',
        id: bumpIdOf(this.splice.id, by, String(n)),
        by,
        bodyHash: aTxid('d'),
        feeRateSatPerKw: 123_457,
        tipHeight: 912_345,
      })
      for (const refusal of REFUSALS) this.bumpAnswered(refusal)
      for (let tries = 0; tries < BUMP_ATTEMPTS; tries++) this.bumpAnswered(null)
      const candidates = Math.min(this.length.candidates, 2 + 2 * n)
      this.look({ name: 'pending', candidates: this.candidates(candidates) })
      if (n < BUMPS - 1)
        this.do({
          type: 'bump_abandoned',
          code: 'not_relayed',
          message:
            'a replacement was signed, but not relayed: it pays too little more than the transaction before it, which stands',
        })
    }
  }

  /** Confirmed, and reorganised, again and again; a second one of ours appears. */
  confirm(): void {
    for (let n = 0; n < REORGS; n++) {
      const block = { height: 912_345 + n, hash: txidOf(2_000_000 + n) }
      const candidates = this.candidates(this.length.candidates, block)
      this.look({ name: 'confirmed', candidates, depth: 1, locked: true })
      this.do({ type: 'candidate_confirmed' })
      if (n === 1) this.do({ type: 'second_effect', txid: txidOf(3) })
      if (n % 2 === 1) this.do({ type: 'settled' })
      this.look({ name: 'pending', candidates: this.candidates(this.length.candidates), blockMoved: true })
      this.do({ type: 'reorged', tipHeight: 912_345 })
    }
  }

  /** What became of it is an operator's to say, each time with a long note. */
  dispute(): void {
    for (let n = 0; n < this.length.cases; n++) {
      this.do({
        type: 'attention_needed',
        code: 'unseen',
        message: 'the transaction has left the mempool, and nothing replaced it',
      })
      this.do({ type: 'resolved_candidate', txid: txidOf(1), spends: outpointAt(0), note: this.note(500) })
    }
    this.do({
      type: 'attention_needed',
      code: 'unseen',
      message: 'the transaction has left the mempool, and nothing replaced it',
    })
    this.do({ type: 'resolved_failed', note: this.note(500) })
  }
}
