import { describe, expect, test } from 'vitest'
import { SpliceState } from '../../../core/splice/splice.ts'
import { step } from '../../../core/splice/step.ts'
import { hasEnded, transitions } from '../../../core/splice/transitions.ts'
import { aSplice } from '../../../harness/records/splices.ts'
import { NOW, policy } from '../../../harness/values.ts'

const states = SpliceState.options

function reachable(from: SpliceState): Set<SpliceState> {
  const seen = new Set<SpliceState>([from])
  const queue: SpliceState[] = [from]
  for (let state = queue.shift(); state !== undefined; state = queue.shift()) {
    for (const cell of Object.values(transitions[state])) {
      for (const to of cell.to.filter((target) => !seen.has(target))) {
        seen.add(to)
        queue.push(to)
      }
    }
  }
  return seen
}

describe('the transition table, walked breadth first', () => {
  test('every state is reached from queued, and an end from every state', () => {
    expect([...reachable('queued')].sort()).toEqual([...states].sort())
    for (const state of states) expect([...reachable(state)].some(hasEnded), state).toBe(true)
  })

  test('nothing but a reorg or chain evidence leaves an end', () => {
    for (const state of states.filter(hasEnded)) {
      const leaving = Object.entries(transitions[state]).filter(([, cell]) => cell.to.some((to) => to !== state))
      expect(leaving.map(([event]) => event)).toEqual([state === 'settled' ? 'reorged' : 'corrected'])
    }
  })

  test('needs_attention never submits by itself: only a retry leads back to where submitting happens', () => {
    const back = Object.entries(transitions.needs_attention).filter(([, cell]) =>
      cell.to.some((to) => to === 'queued' || to === 'submitted'),
    )
    expect(back.map(([event]) => event)).toEqual(['retry_requested'])
    const starting = states.filter((state) => transitions[state].attempt_started !== undefined)
    expect(starting).toEqual(['queued', 'submitted'])
  })

  test('settled is entered from confirmed alone, by the event that says so', () => {
    for (const state of states) {
      for (const [event, cell] of Object.entries(transitions[state])) {
        if (state !== 'settled' && cell.to.includes('settled')) expect([state, event]).toEqual(['confirmed', 'settled'])
      }
    }
  })

  test('an event that a state does not list changes nothing and is counted', () => {
    const splice = aSplice({ state: 'settled' })
    const stepped = step(splice, { type: 'candidate_seen' }, { now: NOW, policy })
    expect(stepped).toEqual({ splice, actions: [{ type: 'ignored', event: 'candidate_seen' }] })
  })
})
