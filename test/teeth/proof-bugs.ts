import type { Bug } from './bug.ts'

const BEFORE = 'core/decision/rules/before-broadcast.ts'
const DEADNESS = 'core/splice/non-execution.ts'
const ATTEMPTS = 'core/splice/attempts.ts'
const CLASSIFY = 'core/decision/classify.ts'
const JUDGEMENT = 'core/decision/judgement.ts'
const NOTE = 'core/splice/apply-verdict.ts'

/** Something is concluded that is not known: that an attempt is dead, that a splice has ended, whose a transaction is. */
export const proofBugs: readonly Bug[] = [
  {
    name: 'failure-event-trusted',
    why: "a node's failed event makes the attempt dead, although the event may be of another round",
    replacements: [
      {
        file: ATTEMPTS,
        find: 'const heard = addToTimeline(splice, `the node reported ${event.reason}`, now)',
        replace:
          "const attempts = splice.attempts.map((each) => each.id === current.id ? { ...each, notExecuted: { proof: 'refused', at: now } } : each)\n  const heard = addToTimeline({ ...splice, attempts }, `the node reported ${event.reason}`, now)",
      },
    ],
  },
  {
    name: 'unknown-is-dead',
    why: 'a request without an answer counts as one that never arrived',
    replacements: [
      {
        file: DEADNESS,
        find: "holds: ({ attempt }) => attempt.result?.type === 'refused',",
        replace: "holds: ({ attempt }) => attempt.result !== null && attempt.result.type !== 'taken',",
      },
    ],
  },
  {
    name: 'unknown-is-answered',
    why: 'the fence of a request without an answer passes when we stop waiting for it',
    replacements: [
      {
        file: 'core/splice/fence.ts',
        find: "if (attempt.result !== null && attempt.result.type !== 'unknown') return attempt.result.at",
        replace: 'if (attempt.result !== null) return attempt.result.at',
      },
    ],
  },
  {
    name: 'quiet-is-absence',
    why: 'a few minutes of quiet prove that an attempt is dead, although no operator said so',
    replacements: [
      {
        file: DEADNESS,
        find: 'facts.quietAbsenceMs !== null && quietFor(facts, 0) >= facts.quietAbsenceMs,',
        replace: 'quietFor(facts, 0) >= facts.policy.quietMs,',
      },
    ],
  },
  {
    name: 'absence-is-death',
    why: 'an attempt without a trace of it in one look is dead',
    replacements: [
      {
        file: DEADNESS,
        find: 'facts.quietAbsenceMs !== null && quietFor(facts, 0) >= facts.quietAbsenceMs,',
        replace: '(fenceOf(facts.attempt) ?? Infinity) < facts.now,',
      },
    ],
  },
  {
    name: 'restart-without-quiet',
    why: 'a restart proves an attempt dead whose signatures are exchanged once the peer is back',
    replacements: [
      {
        file: DEADNESS,
        find: 'start >= fence + facts.policy.startMarginMs && quietFor(facts, start) >= facts.policy.quietMs,',
        replace: 'start >= fence + facts.policy.startMarginMs,',
      },
    ],
  },
  {
    name: 'overlap-of-splice-ins',
    why: 'a second splice-in that the node takes proves the first one dead, although the guard cannot know it',
    replacements: [
      {
        file: DEADNESS,
        find: "return splice.kind === 'splice_out' && later",
        replace: 'return later',
      },
      {
        file: 'core/decision/gates.ts',
        find: "(can?.overlapGuard === true && splice.kind === 'splice_out')",
        replace: 'can?.overlapGuard === true',
      },
    ],
  },
  {
    name: 'conflict-with-another-alive',
    why: 'a transaction that took the place of ours proves all attempts dead, although a second one may follow',
    replacements: [
      {
        file: DEADNESS,
        find: 'return unresolvedAttempts(splice).length <= 1 && unresolvedBumpAttempts(splice).length === 0',
        replace: 'return true',
      },
    ],
  },
  {
    name: 'conflict-in-the-mempool',
    why: 'a transaction that is not final yet ends a splice that it conflicts with',
    replacements: [
      {
        file: JUDGEMENT,
        find: 'atFinalDepth: policy !== undefined && depth >= policy.finalDepth,\n  locked,',
        replace: 'atFinalDepth: policy !== undefined,\n  locked,',
      },
    ],
  },
  {
    name: 'conflict-at-one-confirmation',
    why: 'a transaction with one confirmation ends a splice that it conflicts with, and a reorg takes it away',
    replacements: [
      {
        file: JUDGEMENT,
        find: 'atFinalDepth: policy !== undefined && depth >= policy.finalDepth,\n  locked,',
        replace: 'atFinalDepth: policy !== undefined && depth >= 1,\n  locked,',
      },
    ],
  },
  {
    name: 'quiet-while-the-peer-is-away',
    why: 'what waits for the peer in the node makes no sign, and counts as quiet',
    replacements: [
      {
        file: NOTE,
        find: 'const disturbed = !verdict.peerConnected || busy || fence === null || fence > now',
        replace: 'const disturbed = busy || fence === null || fence > now',
      },
    ],
  },
  {
    name: 'quiet-over-a-gap',
    why: 'minutes in which nobody looked count as quiet',
    replacements: [
      {
        file: NOTE,
        find: 'const gap = splice.lastLookAt === null || now - splice.lastLookAt > policy.quietGapMs',
        replace: 'const gap = splice.lastLookAt === null',
      },
    ],
  },
  {
    name: 'quiet-of-the-attempt-before',
    why: 'the quiet after an attempt counts for the next one as well',
    replacements: [
      {
        file: ATTEMPTS,
        find: '    quietSince: null,\n    lastLookAt: null,\n    nextAttemptAt: null,\n',
        replace: '    nextAttemptAt: null,\n',
      },
    ],
  },
  {
    name: 'baseline-taken-anew',
    why: 'the sign of a first attempt becomes the baseline of the second, and so is none',
    replacements: [
      {
        file: ATTEMPTS,
        find: 'baseline: noneUnresolved ? event.baseline : splice.baseline,',
        replace: 'baseline: event.baseline,',
      },
    ],
  },
  {
    name: 'failed-at-the-deadline',
    why: 'a splice is told to have failed at its deadline while a request of it may still take effect',
    replacements: [
      {
        file: BEFORE,
        find: '(!everTaken(situation.splice) || (noneUnresolved(situation) && TRACELESS.includes(situation.verdict.name)))',
        replace: '(!everTaken(situation.splice) || TRACELESS.includes(situation.verdict.name))',
      },
    ],
  },
  {
    name: 'failed-unseen',
    why: 'a splice is told to have failed without a look at who spends the channel',
    replacements: [
      {
        file: BEFORE,
        find: '(!everTaken(situation.splice) || (noneUnresolved(situation) && TRACELESS.includes(situation.verdict.name)))',
        replace: '(!everTaken(situation.splice) || noneUnresolved(situation))',
      },
    ],
  },
  {
    name: 'cancelled-while-alive',
    why: 'a client is told that a splice is withdrawn while a request of it may still take effect',
    replacements: [
      {
        file: BEFORE,
        find: 'holds: (situation) => situation.splice.cancelRequestedAt !== null && nothingExecuted(situation),',
        replace: 'holds: (situation) => situation.splice.cancelRequestedAt !== null && noCandidate(situation),',
      },
    ],
  },
  {
    name: 'settled-at-one-confirmation',
    why: 'a splice is told to have settled when a reorg of one block can take it',
    replacements: [
      {
        file: JUDGEMENT,
        find: 'const final = depth >= finalDepth && (lockStands || channelGone) && followed',
        replace: 'const final = depth >= 1 && (lockStands || channelGone)',
      },
    ],
  },
  {
    name: 'settled-without-the-lock',
    why: 'a splice is told to have settled while the channel still stands on its old funding',
    replacements: [
      {
        file: JUDGEMENT,
        find: 'const final = depth >= finalDepth && (lockStands || channelGone) && followed',
        replace: 'const final = depth >= finalDepth',
      },
    ],
  },
  {
    name: 'settled-by-the-node',
    why: "the node's move to the new funding is taken for final depth",
    replacements: [
      {
        file: JUDGEMENT,
        find: 'const final = depth >= finalDepth && (lockStands || channelGone) && followed',
        replace: 'const final = lockStands || (depth >= finalDepth && channelGone)',
      },
    ],
  },
  {
    name: 'last-candidate-confirmed',
    why: 'the candidate that was broadcast last is taken for the one that is in a block',
    replacements: [
      {
        file: JUDGEMENT,
        find: 'const confirmed = candidates.find((candidate) => candidate.block !== null)',
        replace:
          'const confirmed = candidates.some((candidate) => candidate.block !== null) ? candidates.at(-1) : undefined',
      },
    ],
  },
  {
    name: 'reply-believed',
    why: 'a splice that the node has taken into its memory is thought to be done: nothing is alive of it any more',
    replacements: [
      {
        file: ATTEMPTS,
        find: "if (result.type === 'unknown' || !event.overlapGuard) return { splice: answered, actions: [] }",
        replace:
          "if (result.type === 'taken' && answered.state === 'submitted') return { splice: stopSubmitting({ ...answered, attempts: answered.attempts.map((each) => ({ ...each, notExecuted: { proof: 'overlap_guard', at: context.now } })) }, 'taken', 'the node has it', context.now), actions: [] }\n  if (result.type === 'unknown' || !event.overlapGuard) return { splice: answered, actions: [] }",
      },
    ],
  },
  {
    name: 'reorg-keeps-the-block',
    why: 'a candidate keeps the block that it had, although a reorg took it from the chain',
    replacements: [
      {
        file: 'core/decision/candidates.ts',
        find: 'block: blockOf(spender ?? null) } : candidate',
        replace: 'block: candidate.block ?? blockOf(spender ?? null) } : candidate',
      },
    ],
  },
  {
    name: 'reorg-of-a-confirmed-one',
    why: 'a splice stays confirmed when a reorg took its block',
    replacements: [
      {
        file: 'core/decision/rules/reorg.ts',
        find: "id: 'reorg',\n    states: ['confirmed'],\n    verdicts: ['pending', 'unseen', 'replaced', 'unattributed'],",
        replace: "id: 'reorg',\n    states: ['confirmed'],\n    verdicts: [],",
      },
    ],
  },
  {
    name: 'reorg-after-settling',
    why: 'a splice stays settled when a reorg took it from the chain',
    replacements: [
      {
        file: 'core/decision/rules/reorg.ts',
        find: "states: ['settled'],\n    verdicts: ['pending', 'unseen', 'replaced', 'unattributed', 'confirmed'],",
        replace: "states: ['settled'],\n    verdicts: [],",
      },
    ],
  },
  {
    name: 'reorg-not-processed',
    why: 'nobody looks again at what settled in a block that has left the chain',
    replacements: [{ file: 'core/sweep/sweep.ts', find: 'failed += await driveReorged(shared)', replace: '' }],
  },
  {
    name: 'reorg-orphans-forgotten',
    why: 'the blocks that a reorg took are not remembered, and nothing that settled in them is looked at',
    replacements: [
      {
        file: 'core/chain/follow-chain.ts',
        find: 'orphans: orphans.slice(-BLOCKS_KEPT) })',
        replace: 'orphans: [] })',
      },
    ],
  },
  {
    name: 'lagging-source-is-a-reorg',
    why: 'a chain source that is behind takes a confirmation back that stands',
    replacements: [
      {
        file: CLASSIFY,
        find: 'const behind = isBehind(splice, observation)',
        replace: 'const behind = false',
      },
    ],
  },
  {
    name: 'anothers-candidate',
    why: "another splice's transaction is taken for ours",
    replacements: [
      {
        file: 'core/drive/observe.ts',
        find: "return pointer.paymentId === context.splice.paymentId ? 'me' : 'another'",
        replace: "return 'me'",
      },
    ],
  },
  {
    name: 'any-amount',
    why: 'a transaction that pays our script another amount is taken for ours',
    replacements: [
      {
        file: 'core/bitcoin/transaction.ts',
        find: 'output.script === script && output.amountSats === amountSats)',
        replace: 'output.script === script)',
      },
    ],
  },
  {
    name: 'pointer-not-claimed',
    why: 'two splices may call one transaction theirs',
    replacements: [
      {
        file: 'core/drive/save.ts',
        find: 'if (!(await claim(txid, pointerTo(after, rawOf(txid)), ports))) return null',
        replace: 'await claim(txid, pointerTo(after, rawOf(txid)), ports)',
      },
    ],
  },
  {
    name: 'foreign-is-absent',
    why: 'a splice of somebody else that waits in the mempool is not seen',
    replacements: [
      {
        file: JUDGEMENT,
        find: "judgement(committed || channelGone ? 'closed' : 'foreign_pending', depth, policy)",
        replace: "judgement(committed || channelGone ? 'closed' : 'absent', depth, policy)",
      },
    ],
  },
  {
    name: 'any-spender-is-a-close',
    why: 'a splice of somebody else is taken for the close of the channel',
    replacements: [
      {
        file: JUDGEMENT,
        find: "judgement(committed || channelGone ? 'closed' : 'foreign_pending', depth, policy)",
        replace: "judgement('closed', depth, policy)",
      },
    ],
  },
]
