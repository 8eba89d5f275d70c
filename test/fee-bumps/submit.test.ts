import { expect, test } from 'vitest'
import { replacementOf } from '../../core/decision/fee-bump-gates.ts'
import { submitFeeBump } from '../../core/drive/submit-fee-bump.ts'
import type { BumpRequest } from '../../core/ports/node.ts'
import type { Observation } from '../../core/decision/observation.ts'
import { ok } from '../../core/values/result.ts'
import type { Splice } from '../../core/splice/splice.ts'
import type { Verdict } from '../../core/splice/verdict.ts'
import { aBench, aConfiguredNode, fakeNode } from '../../harness/ports/bench.ts'
import { aBump, aBumpAttempt, anEndedBump, aPendingSplice } from '../../harness/records/bumps.ts'
import { aHeldLease } from '../../harness/records/states.ts'
import { aLook } from '../../harness/looks/node.ts'
import { aPendingObservation } from '../../harness/looks/observation.ts'
import { aRefusedAttempt } from '../../harness/records/attempts.ts'
import { aVerdict } from '../../harness/verdicts.ts'
import { NOW, policy } from '../../harness/values.ts'

type Given = {
  readonly splice?: Partial<Splice>
  readonly observation?: Partial<Observation>
  readonly verdict?: Partial<Verdict>
  readonly lease?: boolean
}

async function bumped(given: Given = {}) {
  const requests: BumpRequest[] = []
  const port = {
    ...fakeNode(() => ok(aLook())),
    bump: async (request: BumpRequest) => {
      requests.push(request)
      return { type: 'taken' as const }
    },
  }
  const bench = aBench({ nodes: [aConfiguredNode({ port })] })
  const { splice } = await bench.store.create(aPendingSplice({ bumps: [aBump()], ...given.splice }))
  if (given.lease !== false) await bench.store.putItem('lease', splice.channelId, aHeldLease().value, 0)
  const [candidate] = splice.candidates
  const visible = candidate === undefined ? null : { candidate, weight: 596 }
  const verdict = aVerdict({ name: 'pending', candidates: splice.candidates, visible, ...given.verdict })
  const observation = aPendingObservation(given.observation)
  const replacement = replacementOf({ splice, observation, verdict, now: NOW, policy })
  const came =
    replacement === null ? 'nothing' : await submitFeeBump(splice, observation, replacement, bench.ports, policy)
  return { came, requests, bumps: (await bench.store.load(splice.id))?.bumps ?? [] }
}

test.each<[string, Given, string]>([
  ['without a transaction that it could replace', { verdict: { name: 'confirmed' } }, 'nothing'],
  ['that nobody asked for', { splice: { bumps: [] } }, 'nothing'],
  ['that has ended', { splice: { bumps: [anEndedBump('done')] } }, 'nothing'],
  ['at a node that is not configured', { splice: { node: 'bob' } }, 'idle'],
  ['on a channel whose lease nobody holds', { lease: false }, 'idle'],
  ['without a look at the node', { observation: { node: null } }, 'busy'],
  ['without its channel', { observation: { channel: null } }, 'busy'],
])('a fee bump %s is neither journalled nor sent', async (_says, given, expected) => {
  const { came, requests, bumps } = await bumped(given)
  expect(came).toBe(expected)
  expect(requests).toEqual([])
  expect(bumps.flatMap(({ attempts }) => attempts)).toEqual([])
})

test('each attempt is asked for, and answered, under its own id and time', async () => {
  const refused = aRefusedAttempt({ id: 'refused', kind: 'bump' })
  const ended = anEndedBump('abandoned', { attempts: [aBumpAttempt({ id: 'ended' })] })
  const open = aBump({ attempts: [refused], attemptSerial: 1 })
  const { came, requests, bumps } = await bumped({ splice: { bumps: [ended, open] } })
  expect(came).toBe('submitted')
  const [first, second] = bumps[1]?.attempts ?? []
  expect(first).toEqual(refused)
  expect(second).toMatchObject({ number: 2, startedAt: NOW, result: { type: 'taken', at: NOW } })
  expect(requests).toMatchObject([{ attemptId: second?.id, signedAt: NOW }])
})
