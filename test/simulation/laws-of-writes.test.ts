import { beforeAll, describe, expect, test } from 'vitest'
import type { ChannelLease } from '../../core/ports/records.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { aBump } from '../../harness/records/bumps.ts'
import { aNotExecutedAttempt, anAttempt } from '../../harness/records/attempts.ts'
import { ADDRESS } from '../../harness/values.ts'
import { START } from '../../harness/keeper/times.ts'
import { settledStage } from './calm.ts'
import { brokenByWrite, lawsOfWrites } from './laws-of-writes.ts'
import type { Stage } from './stage.ts'
import type { Courtroom } from './witness.ts'

const FROM = 'f'.repeat(64)
const BUDGET = { maxAttempts: 3, deadline: 1, maxFeeRateSatPerKw: null, maxFeeSats: null }
/** When a request was signed that the node has not received yet: time names it. */
const LATE_AT = START + 7_777

let settled: Splice
let courtroom: Courtroom

beforeAll(async () => {
  const calm = await settledStage()
  settled = calm.settled
  courtroom = { stage: calm.stage, finalDepth: 6 }
  await sendLate(calm.stage)
})

/** A request for what the settled splice was, on its way to the node. */
async function sendLate({ node, keeper }: Stage): Promise<void> {
  const [channel] = node.channels()
  if (channel === undefined) throw new Error('there is no channel')
  const { userChannelId, peerId: counterpartyNodeId } = channel
  node.behaviour.authWindowMs = Number.MAX_SAFE_INTEGER
  node.fault({ type: 'late', ms: 60_000 })
  const order = { userChannelId, counterpartyNodeId, amountSats: 50_000, address: ADDRESS }
  await node.rpc.spliceOut(order, { ...keeper.ports.call(), signedAt: LATE_AT })
}

const doneBy = (txid: string) => ({ result: 'done' as const, code: 'replaced', message: '', txid, at: 1 })

describe('at a write', () => {
  type Lie = {
    readonly before?: Partial<Splice>
    readonly after: Partial<Splice>
    readonly lease?: Partial<ChannelLease>
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
      after: {
        attempts: Array.from({ length: 12 }, (_, index) => aNotExecutedAttempt({ number: index + 1 })),
      },
    },
    'an attempt begins in time, and only while it is wanted': {
      before: { attempts: [] },
      after: { attempts: [begun], cancelRequestedAt: 1 },
    },
    'an attempt begins with the lease, on a channel that is not frozen': {
      before: { attempts: [] },
      after: { attempts: [begun] },
      lease: { frozen: { cause: 'anomaly', at: 1, note: '' } },
    },
    'settled only at final depth, with the channel moved to it': {
      before: { state: 'confirmed' },
      after: { candidates: [] },
    },
    'confirmed is not taken back without a reorg': {
      before: { state: 'confirmed' },
      after: { state: 'pending' },
    },
    'spent is a budget that was used': {
      before: { stopped: null },
      after: {
        stopped: { code: 'budget_spent', message: '', at: 1 },
        budget: { ...BUDGET, maxAttempts: 30 },
      },
    },
    'a fee bump is done by another transaction': {
      after: { bumps: [aBump({ from: { txid: FROM, feeRateSatPerKw: null }, outcome: doneBy(FROM) })] },
    },
    'settled only when no fee bump can arrive': {
      before: { state: 'confirmed' },
      after: {
        bumps: [
          aBump({
            attempts: [anAttempt({ startedAt: Number.MAX_SAFE_INTEGER, result: null, notExecuted: null })],
          }),
        ],
      },
    },
    'what is called dead cannot take effect': {
      before: { attempts: [] },
      after: { attempts: [aNotExecutedAttempt({ startedAt: LATE_AT })] },
    },
    'a proof by the chain is final': {
      before: { state: 'pending' },
      after: {
        state: 'failed',
        fundingHistory: [],
        failure: { code: '', message: '', proof: 'funding_spent' },
      },
    },
    'ended without effect only with a proof': { before: { state: 'submitted' }, after: { state: 'failed' } },
  }

  test('each law has its lie', () => expect(Object.keys(lies).toSorted()).toEqual(Object.keys(lawsOfWrites).toSorted()))

  test.each(Object.entries(lies))('a lie is told apart: %s', (law, { before, after, lease }) => {
    const write = {
      before: { ...settled, ...before },
      after: { ...settled, ...after },
      lease: { holder: settled.id, queue: [], frozen: null, ...lease },
    }
    expect(brokenByWrite(write, courtroom).map((violation) => violation.law)).toContain(law)
  })
})
