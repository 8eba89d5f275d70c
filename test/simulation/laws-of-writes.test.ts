import { beforeAll, describe, expect, test } from 'vitest'
import type { Slot } from '../../core/items.ts'
import type { Splice } from '../../core/splice.ts'
import { aBump, aDeadAttempt, anAttempt } from '../core/builders.ts'
import { settledStage } from './calm.ts'
import { brokenByWrite, lawsOfWrites } from './laws-of-writes.ts'
import type { Courtroom } from './witness.ts'

let settled: Splice
let courtroom: Courtroom

beforeAll(async () => {
  const calm = await settledStage()
  settled = calm.settled
  courtroom = { stage: calm.stage, finalDepth: 6 }
})

describe('at a write', () => {
  type Lie = {
    readonly before?: Partial<Splice>
    readonly after: Partial<Splice>
    readonly slot?: Partial<Slot>
  }
  const begun = anAttempt({ id: 'begun', result: null })
  const used = (number: number) => anAttempt({ id: `lie-${number}`, number })
  const lies: Readonly<Record<string, Lie>> = {
    'versions grow by one': { before: { version: 3 }, after: { version: 5 } },
    'states follow the table': {
      before: { state: 'settled' },
      after: { state: 'queued', timeline: [{ at: 1, status: 'queued', why: 'a lie', count: 1 }] },
    },
    'due until at rest': { after: { state: 'pending', dueAt: null } },
    'no fee bump is open at rest': { after: { bumps: [aBump()], dueAt: null } },
    'one fee bump at a time': { after: { bumps: [aBump(), aBump({ id: 'bmp_other' })] } },
    'three tries of a fee bump': { after: { bumps: [aBump({ attempts: [1, 2, 3, 4].map(used) })] } },
    'attempts within the budget': {
      after: { attempts: Array.from({ length: 12 }, (_, index) => aDeadAttempt({ number: index + 1 })) },
    },
    'an attempt begins in time, and only while it is wanted': {
      before: { attempts: [] },
      after: { attempts: [begun], cancelRequestedAt: 1 },
    },
    'an attempt begins with the slot, on a channel that is not frozen': {
      before: { attempts: [] },
      after: { attempts: [begun] },
      slot: { frozen: { cause: 'anomaly', at: 1, note: '' } },
    },
    'settled only at final depth, with the channel moved to it': {
      before: { state: 'confirmed' },
      after: { candidates: [] },
    },
    'confirmed is not taken back without a reorg': {
      before: { state: 'confirmed' },
      after: { state: 'pending' },
    },
    'ended without effect only with a proof': { before: { state: 'submitted' }, after: { state: 'failed' } },
  }

  test('each law has its lie', () => expect(Object.keys(lies)).toEqual(Object.keys(lawsOfWrites)))

  test.each(Object.entries(lies))('a lie is told apart: %s', (law, { before, after, slot }) => {
    const write = {
      before: { ...settled, ...before },
      after: { ...settled, ...after },
      slot: { holder: settled.id, turn: 1, waiting: [], frozen: null, ...slot },
    }
    expect(brokenByWrite(write, courtroom).map((violation) => violation.law)).toContain(law)
  })
})
