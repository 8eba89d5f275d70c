import type { Bug } from './bug.ts'

const GATES = 'core/decision/gates.ts'
const BEFORE = 'core/decision/rules/before-broadcast.ts'

/** A splice is submitted although one of the gates before a submission is shut. */
export const gateBugs: readonly Bug[] = [
  {
    name: 'gate-fence',
    why: 'a request that is still on its way arrives after the next one',
    replacements: [
      {
        file: GATES,
        find: 'shut: ({ splice, now }) => fenceGate(unresolvedAttempts(splice), now),',
        replace: 'shut: () => null,',
      },
      {
        file: 'core/splice/apply-verdict.ts',
        find: 'const disturbed = !verdict.peerConnected || busy || fence === null || fence > now',
        replace: 'const disturbed = !verdict.peerConnected || busy',
      },
      {
        file: 'core/splice/apply-verdict.ts',
        find: 'Math.max(since, fence, splice.inFlightAt ?? 0)',
        replace: 'Math.max(since, splice.inFlightAt ?? 0)',
      },
    ],
  },
  {
    name: 'gate-node',
    why: 'a node that is paused, syncing or at another height is sent a command',
    replacements: [
      {
        file: GATES,
        find: 'export function nodeGate({ splice, observation, now, policy }: GateFacts): Shut | null {',
        replace:
          'export function nodeGate({ splice, observation, now, policy }: GateFacts): Shut | null {\n  if (observation.node !== null) return null',
      },
    ],
  },
  {
    name: 'gate-submitted-on',
    why: 'a splice is asked for again on another funding output than the one that its attempts are bound to',
    replacements: [
      {
        file: 'core/decision/channel-gate.ts',
        find: 'if (channel.funding === null || (hasUnresolved && channel.funding !== splice.submittedOn))',
        replace: 'if (channel.funding === null)',
      },
      {
        file: 'core/decision/judgement.ts',
        find: "moved ? 'foreign' : 'absent'",
        replace: "'absent'",
      },
      {
        file: 'core/splice/attempts.ts',
        find: "assert(noneUnresolved || splice.submittedOn === event.submittedOn, 'the funding outpoint moves only when every attempt is proven not executed')",
        replace: '',
      },
    ],
  },
  {
    name: 'gate-own-transaction',
    why: 'an outpoint whose own transaction is not confirmed counts as known unspent',
    replacements: [
      {
        file: 'core/decision/judgement.ts',
        find: "return spend.own === 'confirmed' || (spend.own === 'mempool' && channel?.lockDepth === 0)",
        replace: 'return true',
      },
    ],
  },
  {
    name: 'gate-source-behind',
    why: 'a chain source that is behind the node tells that the funding is unspent',
    replacements: [
      {
        file: 'core/decision/judgement.ts',
        find: 'if (node !== null && chain.tip.height < node.tipHeight) return false',
        replace: '',
      },
      {
        file: GATES,
        find: 'if (Math.abs(chain.tip.height - node.tipHeight) > 1)',
        replace: 'if (chain.tip.height - node.tipHeight > 1)',
      },
    ],
  },
  {
    name: 'gate-balance-signals',
    why: 'a splice that the node has signed and nobody has seen yet is asked for again',
    replacements: [
      {
        file: 'core/decision/classify.ts',
        find: 'if (balanceSignals !== null && balanceMoved(splice, balanceSignals)) return true',
        replace: '',
      },
    ],
  },
  {
    name: 'gate-candidate',
    why: 'a splice whose transaction was seen and has left the mempool is asked for again',
    replacements: [
      {
        file: GATES,
        find: 'splice.candidates.length > 0 || verdict.isBusy',
        replace: 'verdict.isBusy',
      },
      {
        file: 'core/decision/candidates.ts',
        find: 'const known = splice.candidates.map((candidate) => {',
        replace:
          'const known = splice.candidates.filter(({ txid }) => seenSpenders.some((s) => s?.tx.txid === txid)).map((candidate) => {',
      },
      {
        file: 'core/decision/rules/after-broadcast.ts',
        find: "wait('wait_pending', ['pending'], 'wait for a confirmation'),",
        replace:
          "{ id: 'gone', states: ['pending'], verdicts: ['absent'], when: null, then: '', event: () => ({ type: 'candidate_lost' }) },\n  wait('wait_pending', ['pending'], 'wait for a confirmation'),",
      },
      {
        file: 'core/splice/transitions.ts',
        find: "pending: {\n    looked: to('pending', 'the facts of a look are recorded'),",
        replace:
          "pending: {\n    candidate_lost: to('submitted', ''),\n    looked: to('pending', 'the facts of a look are recorded'),",
      },
      {
        file: 'core/splice/step.ts',
        find: "case 'candidate_confirmed':",
        replace:
          "case 'candidate_lost':\n      return only(setState(splice, 'submitted', 'it has left the mempool', now))\n    case 'candidate_confirmed':",
      },
    ],
  },
  {
    name: 'gate-effect-before',
    why: 'a splice is submitted although a transaction that it did not make has its effect already',
    replacements: [
      {
        file: GATES,
        find: 'verdict.effectWithoutAttempt === null\n        ? null',
        replace: 'true\n        ? null',
      },
      {
        file: BEFORE,
        find: "verdict.effectWithoutAttempt !== null || (verdict.name === 'unattributed' && verdict.atFinalDepth),",
        replace: "verdict.name === 'unattributed' && verdict.atFinalDepth,",
      },
      { file: BEFORE, find: '  situation.verdict.effectWithoutAttempt === null &&\n', replace: '' },
    ],
  },
  {
    name: 'gate-quiet',
    why: 'a splice that the node has taken a moment ago is asked for again before its round has ended',
    replacements: [
      {
        file: GATES,
        find: 'const quiet = splice.quietSince !== null && now - splice.quietSince >= policy.quietMs\n      return quiet',
        replace: 'return true',
      },
    ],
  },
  {
    name: 'resubmitted-at-once',
    why: 'neither the fence nor quiet is waited for: a late request arrives after the next one has locked',
    replacements: [
      {
        file: GATES,
        find: 'shut: ({ splice, now }) => fenceGate(unresolvedAttempts(splice), now),',
        replace: 'shut: () => null,',
      },
      {
        file: GATES,
        find: 'const quiet = splice.quietSince !== null && now - splice.quietSince >= policy.quietMs\n      return quiet',
        replace: 'return true',
      },
    ],
  },
  {
    name: 'gate-attempts',
    why: 'a splice is asked for again when all its attempts are used',
    replacements: [
      {
        file: GATES,
        find: 'if (attemptsUsed(splice) >= budget.maxAttempts || splice.attempts.length >= RECORD_LIMITS.attempts)',
        replace: 'if (splice.attempts.length >= RECORD_LIMITS.attempts)',
      },
      {
        file: BEFORE,
        find: 'attemptsUsed(situation.splice) >= situation.splice.budget.maxAttempts &&',
        replace: 'attemptsUsed(situation.splice) > 100 &&',
      },
    ],
  },
  {
    name: 'gate-deadline',
    why: 'a splice is submitted after the deadline that its client named',
    replacements: [
      {
        file: GATES,
        find: "if (now >= budget.deadline) return shut('deadline', 'The deadline has passed.')",
        replace: '',
      },
      {
        file: BEFORE,
        find: 'if (now < splice.budget.deadline || fence >= now) return false',
        replace: 'if (now < splice.budget.deadline + 7_200_000 || fence >= now) return false',
      },
    ],
  },
  {
    name: 'gate-cancel',
    why: 'a splice is submitted after its client has withdrawn it',
    replacements: [
      {
        file: GATES,
        find: "if (splice.cancelRequestedAt !== null) return shut('cancel', 'A cancel was requested.')",
        replace: '',
      },
      {
        file: BEFORE,
        find: '        situation.splice.cancelRequestedAt === null &&\n',
        replace: '',
      },
    ],
  },
  {
    name: 'gate-stopped',
    why: 'a splice is asked for again although a reason has ended its submitting',
    replacements: [
      {
        file: GATES,
        find: "if (splice.stopped !== null) return shut('submitting_stopped', 'No further attempt will be made.')",
        replace: '',
      },
      {
        file: BEFORE,
        find: '        situation.splice.stopped === null &&\n        situation.splice.cancelRequestedAt === null &&\n',
        replace: '        situation.splice.cancelRequestedAt === null &&\n',
      },
    ],
  },
  {
    name: 'gate-fee-ceiling',
    why: 'a splice is submitted when its fee may be more than its client allows',
    replacements: [
      {
        file: GATES,
        find: 'const over = rate > (maxFeeRateSatPerKw ?? Infinity) || fee > (maxFeeSats ?? Infinity)',
        replace: 'const over = false',
      },
    ],
  },
  {
    name: 'gate-fee-estimate',
    why: 'the fee ceiling is held against the estimate, not against what the node pays at worst',
    replacements: [
      {
        file: 'core/decision/worst-fee.ts',
        find: 'const WORST_FEE_FACTOR = 1.5',
        replace: 'const WORST_FEE_FACTOR = 1',
      },
    ],
  },
  {
    name: 'gate-lock-depth',
    why: 'on a channel that locks at once a splice is asked for again before the first request is proven not executed',
    replacements: [
      {
        file: GATES,
        find: 'return margin || unresolvedAttempts(splice).length === 0',
        replace: 'return true',
      },
    ],
  },
  {
    name: 'gate-overlap',
    why: 'a third request is sent while two may be alive at a node without the overlap guard',
    replacements: [
      {
        file: GATES,
        find: 'return guarded || unresolvedAttempts(splice).length <= 1',
        replace: 'return true',
      },
    ],
  },
  {
    name: 'gate-lease',
    why: 'two splices of a channel are under way at once',
    replacements: [
      {
        file: 'core/drive/submit.ts',
        find: 'const lease = await acquireLease(leaseKeyOf(splice), addressed.splice, observation.lease, ports)',
        replace:
          "await acquireLease(leaseKeyOf(splice), addressed.splice, observation.lease, ports)\n  const lease: string = 'mine'",
      },
    ],
  },
  {
    name: 'gate-generation',
    why: 'a table that was restored from a backup submits before an operator has confirmed it',
    replacements: [
      {
        file: 'core/drive/submit.ts',
        find: 'if (observation.generation.stored !== observation.generation.configured) {',
        replace: 'if (observation.generation.configured < 0) {',
      },
      {
        file: BEFORE,
        find: 'generation.stored === generation.configured &&\n        splice.generation < generation.configured &&',
        replace: 'generation.configured < 0 &&',
      },
    ],
  },
]
