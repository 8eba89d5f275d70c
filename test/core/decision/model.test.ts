import { describe, expect, test } from 'vitest'
import { applies, rules } from '../../../core/decision/decide.ts'
import { feeBumpRules } from '../../../core/decision/rules/fee-bump.ts'
import type { Situation } from '../../../core/decision/rules/rule.ts'
import type { GateName } from '../../../core/decision/gate.ts'
import { gates } from '../../../core/decision/gates.ts'
import { Policy } from '../../../core/splice/policy.ts'
import type { Observation } from '../../../core/decision/observation.ts'
import { Splice as SpliceSchema, SpliceState, type Attempt, type Splice } from '../../../core/splice/splice.ts'
import { step } from '../../../core/splice/step.ts'
import type { Verdict, VerdictName } from '../../../core/splice/verdict.ts'
import { ACCEPTED_AT, aTxid } from '../../../harness/values.ts'
import { aSplice } from '../../../harness/records/splices.ts'
import { VERDICTS } from '../../../harness/verdicts.ts'

const policy = Policy.parse({})
const states = SpliceState.options
const NOW = ACCEPTED_AT + 3_600_000
const FUNDING = `${aTxid('a')}:0`

type Alive = 'none' | 'refused' | 'alive' | 'notExecuted' | 'two'

function attempt(number: number, result: Attempt['result'], notExecuted: Attempt['notExecuted']): Attempt {
  return {
    id: `attempt-${number}`,
    number,
    kind: 'submit',
    submittedOn: FUNDING,
    startedAt: ACCEPTED_AT,
    fenceAt: ACCEPTED_AT + 120_000,
    steps: [],
    result,
    notExecuted,
    seenDisconnectedAt: null,
    count: 1,
  }
}

function attempts(which: Alive): Attempt[] {
  const unknown = { type: 'unknown', message: '', at: ACCEPTED_AT } as const
  const refused = { type: 'refused', class: 'not_now', message: '', at: ACCEPTED_AT } as const
  const notExecuted = { proof: 'process_restarted', at: NOW } as const
  switch (which) {
    case 'none':
      return []
    case 'refused':
      return [attempt(1, refused, { proof: 'refused', at: ACCEPTED_AT })]
    case 'alive':
      return [attempt(1, unknown, null)]
    case 'notExecuted':
      return [attempt(1, unknown, notExecuted)]
    case 'two':
      return [attempt(1, unknown, null), attempt(2, unknown, null)]
  }
}

const observation: Observation = {
  at: NOW,
  node: null,
  channel: null,
  nodeState: null,
  channelState: null,
  quietAbsenceMs: null,
  chain: null,
  followed: null,
  lease: null,
  generation: { configured: 0, stored: 0 },
}

function verdictOf(name: VerdictName, splice: Splice, flags: Flags): Verdict {
  return {
    name,
    tipHeight: 200,
    candidates: splice.candidates,
    fundingHistory: splice.fundingHistory,
    atFinalDepth: flags.atFinalDepth,
    depth: flags.atFinalDepth ? 12 : 1,
    locked: flags.locked,
    channelGone: flags.gone,
    peerConnected: true,
    isBusy: false,
    balanceSignals: null,
    visible: null,
    signedUnseen: false,
    negotiating: false,
    secondEffect: null,
    blockMoved: true,
    nodeWentBack: false,
    effectWithoutAttempt: flags.unexplained ? aTxid('f') : null,
    processStarts: [],
    watchedSpent: false,
    nonExecutionProofs: [],
    quietAbsenceMs: null,
  }
}

type Flags = {
  readonly atFinalDepth: boolean
  readonly locked: boolean
  readonly gone: boolean
  readonly unexplained: boolean
}

type Cell = { readonly situation: Situation; readonly alive: Alive; readonly shutGate: GateName | null }

/** Every cell: state × verdict × attempts × what was asked for × what was found × the first shut gate. */
function* cells(): Generator<Cell> {
  const both = [true, false]
  for (const state of states)
    for (const name of VERDICTS)
      for (const alive of ['none', 'refused', 'alive', 'notExecuted', 'two'] as const)
        for (const over of both)
          for (const cancel of both)
            for (const late of both)
              for (const atFinalDepth of both)
                for (const locked of both)
                  for (const gone of both)
                    for (const unexplained of both)
                      for (const shutGate of [null, 'fence', 'quiet', 'budget', 'overlap'] as const) {
                        const flags = { atFinalDepth, locked, gone, unexplained }
                        yield cellOf(state, name, alive, { over, cancel, late }, flags, shutGate)
                      }
}

function cellOf(
  state: SpliceState,
  name: VerdictName,
  alive: Alive,
  asked: { over: boolean; cancel: boolean; late: boolean },
  flags: Flags,
  shutGate: GateName | null,
): Cell {
  const seen = ['final', 'confirmed', 'pending', 'unseen', 'replaced'].includes(name)
  const candidate = {
    txid: aTxid('c'),
    spends: FUNDING,
    feeSats: 300,
    feeRateSatPerKw: 1_000,
    seenAt: NOW,
    seenAtHeight: null,
    block: name === 'final' || name === 'confirmed' ? { height: 190, hash: aTxid('b') } : null,
  }
  const splice = aSplice({
    state,
    fundingHistory: [FUNDING],
    submittedOn: alive === 'none' ? null : FUNDING,
    attempts: attempts(alive),
    candidates: seen ? [candidate] : [],
    stopped: asked.over ? { code: 'budget_spent', message: 'spent', at: NOW } : null,
    cancelRequestedAt: asked.cancel ? NOW : null,
    quietSince: ACCEPTED_AT + 200_000,
    budget: {
      maxAttempts: 3,
      deadline: asked.late ? ACCEPTED_AT + 600_000 : NOW + 3_600_000,
      maxFeeRateSatPerKw: null,
      maxFeeSats: null,
    },
  })
  const readings = gates.map((gate) => ({
    name: gate.name,
    shut: gate.name === shutGate ? { code: 'shut', message: 'shut' } : null,
  }))
  const verdict = verdictOf(name, splice, flags)
  return {
    situation: { splice, verdict, observation, gates: readings, bumpGates: [], now: NOW, policy },
    alive,
    shutGate,
  }
}

describe('the decision table, in every cell', () => {
  test('there is a decision, step takes it along the transition table, and the record stays valid', () => {
    let walked = 0
    for (const { situation } of cells()) {
      const row = rules.find((candidate) => applies(candidate, situation))
      if (row === undefined) throw new Error(`${situation.splice.state} × ${situation.verdict.name}`)
      const event = row.event(situation)
      walked += 1
      if (event === null) continue
      const stepped = step(situation.splice, event, { now: NOW, policy })
      if (stepped.actions.some((action) => action.type === 'ignored')) throw new Error(`${row.id} is ignored`)
      if (walked % 97 === 0) SpliceSchema.parse(stepped.splice)
    }
    expect(walked).toBe(8 * 11 * 5 * 2 ** 7 * 5)
  })

  test('a submission is decided only with every gate open, the funding outpoint known unspent, and never in needs_attention', () => {
    let submissions = 0
    for (const { situation, shutGate } of cells()) {
      const row = rules.find((candidate) => applies(candidate, situation))
      if (row?.act !== 'submit') continue
      submissions += 1
      const { splice, verdict } = situation
      const fine = shutGate === null && verdict.name === 'absent' && ['queued', 'submitted'].includes(splice.state)
      if (!fine || splice.stopped !== null || splice.candidates.length > 0 || verdict.effectWithoutAttempt !== null)
        throw new Error(`${splice.state} × ${verdict.name} submits`)
    }
    expect(submissions).toBeGreaterThan(0)
  })

  test('an end without effect needs every attempt dead, or a final proof, and is never read out of the unknown', () => {
    let ends = 0
    for (const { situation, alive } of cells()) {
      const event = rules.find((candidate) => applies(candidate, situation))?.event(situation) ?? null
      if (event?.type !== 'given_up' && event?.type !== 'withdrawn') continue
      ends += 1
      const { verdict } = situation
      const neverTaken = alive === 'none' || alive === 'refused'
      const notExecuted =
        alive === 'notExecuted' && ['absent', 'foreign', 'foreign_pending', 'closed'].includes(verdict.name)
      const atFinalDepth = verdict.atFinalDepth && (verdict.name === 'closed' || verdict.name === 'replaced')
      if (!neverTaken && !notExecuted && !atFinalDepth) throw new Error(`${alive} × ${verdict.name} ends`)
      if (event.proof === 'never_taken' && !neverTaken) throw new Error('never_taken is claimed of a taken one')
      if (event.proof === 'channel_closed' && !atFinalDepth) throw new Error('a close is claimed before it is final')
    }
    expect(ends).toBeGreaterThan(0)
  })

  test('every row of the table decides some cell, but those that a flag outside the cells turns on', () => {
    const taken = new Set<string>()
    for (const { situation } of cells()) taken.add(rules.find((row) => applies(row, situation))?.id ?? '')
    const outside = ['restored', 'second_effect', 'foreign_lock', 'unseen_long', 'watch_over', 'budget_spent']
    // The rows of fee bumps need an open one; test/fee-bumps/rules.test.ts walks them.
    // What is left at the node is no cell either; test/core/decision/unsigned-splice.test.ts walks it.
    outside.push('abort_unsigned', ...feeBumpRules.map(({ id }) => id))
    expect(rules.map((row) => row.id).filter((id) => !taken.has(id))).toEqual(
      rules.map((row) => row.id).filter((id) => outside.includes(id)),
    )
  })
})
