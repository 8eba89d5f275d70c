import { beforeAll, describe, expect, test } from 'vitest'
import type { Splice } from '../../core/splice.ts'
import { ADDRESS } from '../support/keeper.ts'
import { aBump, aDeadAttempt, anAttempt } from '../core/builders.ts'
import { CALM, settledStage } from './calm.ts'
import { brokenByWrite, lawsOfWrites } from './laws-of-writes.ts'
import { Stage } from './stage.ts'
import type { Courtroom } from './witness.ts'

let settled: Splice
let courtroom: Courtroom

beforeAll(async () => {
  const calm = await settledStage()
  settled = calm.settled
  const { journal, chain } = calm.stage.world
  courtroom = { journal, chain, finalDepth: 6, isOperated: () => false }
})

describe('at a write', () => {
  type Lie = {
    readonly before?: Partial<Splice>
    readonly after: Partial<Splice>
  }
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
    'settled only at final depth': { before: { state: 'confirmed' }, after: { candidates: [] } },
    'ended without effect only with a proof': { before: { state: 'submitted' }, after: { state: 'failed' } },
  }

  test('each law has its lie', () => expect(Object.keys(lies)).toEqual(Object.keys(lawsOfWrites)))

  test.each(Object.entries(lies))('a lie is told apart: %s', (law, { before, after }) => {
    const write = { before: { ...settled, ...before }, after: { ...settled, ...after } }
    expect(brokenByWrite(write, courtroom).map((violation) => violation.law)).toContain(law)
  })
})

describe('at a port', () => {
  test('a request that is executed over its ceiling is told', async () => {
    const { keeper, witness, world } = new Stage('ceiling', CALM)
    const { port } = keeper.ports.nodes.get('alice') ?? {}
    const [channel] = keeper.node.channels()
    if (port === undefined || channel === undefined) throw new Error('there is no channel')
    const { channelId, userChannelId, peerId } = channel
    const answer = await port.submit(
      {
        attemptId: 'lie',
        channelId,
        userChannelId,
        peerId,
        anchor: `${channel.funding.txid}:${channel.funding.vout}`,
        kind: 'splice_out',
        amountSats: 50_000,
        address: ADDRESS,
        signedAt: world.now(),
        // The node asks a thousand, and an ldk-server is told no ceiling.
        maxFeeRateSatPerKw: 999,
        maxFeeSats: null,
      },
      keeper.ports.call(),
    )
    expect(answer.type).toBe('taken')
    expect(witness.violations.map(({ law }) => law)).toEqual(['under the fee ceiling'])
  })

  test('an alarm over an error that nobody injected is told, and no other', () => {
    const { keeper, witness } = new Stage('alarm', CALM)
    keeper.ports.telemetry.alarm('a splice could not be driven', { error: 'throttle on request 7 (put)' })
    expect(witness.violations).toEqual([])
    keeper.ports.telemetry.alarm('a splice could not be driven', { error: 'x is undefined' })
    expect(witness.violations.map(({ law }) => law)).toEqual(['nothing crashes'])
  })
})
