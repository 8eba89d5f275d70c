import type { Bug } from './bug.ts'

const BEFORE = 'core/decision/rules/before-broadcast.ts'
const NOTE = 'core/splice/apply-verdict.ts'

/** Something that should go on does not. */
export const livenessBugs: readonly Bug[] = [
  {
    name: 'never-resubmitted',
    why: 'a splice that the node forgot waits for its deadline and fails',
    replacements: [
      {
        file: BEFORE,
        find: '        noCandidate(situation) &&\n        allOpen(situation),',
        replace: '        situation.splice.attempts.length === 0 &&\n        allOpen(situation),',
      },
    ],
  },
  {
    name: 'attention-never-looked-at',
    why: 'a splice in need of attention does not move on when evidence comes',
    replacements: [
      {
        file: 'core/splice/due.ts',
        find: "if (splice.state !== 'queued' || unresolvedAttempts(splice).length > 0) return stay",
        replace:
          "if (splice.state === 'needs_attention') return now + 1_000_000_000_000\n  if (splice.state !== 'queued' || unresolvedAttempts(splice).length > 0) return stay",
      },
    ],
  },
  {
    name: 'not-now-is-an-attempt',
    why: 'a refusal that was not executed uses up an attempt',
    replacements: [
      {
        file: 'core/splice/budget.ts',
        find: "return attempts.filter((attempt) => attempt.result?.type !== 'refused').length",
        replace: 'return attempts.reduce((sum, attempt) => sum + attempt.count, 0)',
      },
    ],
  },
  {
    name: 'attempts-never-counted',
    why: 'a splice counts none of its attempts: it is submitted without end, and fails as though it never was',
    replacements: [
      {
        file: 'core/splice/budget.ts',
        find: "return attempts.filter((attempt) => attempt.result?.type !== 'refused').length",
        replace: "return attempts.filter((attempt) => attempt.result?.type === 'nothing').length",
      },
    ],
  },
  {
    name: 'never-broadcast-again',
    why: 'a transaction that left the mempool, and that the node does not broadcast again, never confirms',
    replacements: [
      {
        file: 'core/drive/drive.ts',
        find: 'await rebroadcast(splice, configured, ports)\n',
        replace: 'void rebroadcast\n',
      },
    ],
  },
  {
    name: 'raw-not-kept',
    why: 'a transaction that left the mempool cannot be broadcast again',
    replacements: [
      {
        file: 'core/drive/drive.ts',
        find: 'ports, options.policy, rawTransactionsIn(observation))',
        replace: 'ports, options.policy)',
      },
    ],
  },
  {
    name: 'lock-never-noted',
    why: 'a splice at final depth waits for a lock that is there',
    replacements: [
      {
        file: NOTE,
        find: 'return verdict.locked ? (splice.lockedAt ?? now) : splice.lockedAt',
        replace: 'return splice.lockedAt',
      },
    ],
  },
  {
    name: 'due-once',
    why: 'a splice under way is looked at only when somebody hints it',
    replacements: [
      {
        file: 'core/splice/due.ts',
        find: "if (splice.state !== 'queued' || unresolvedAttempts(splice).length > 0) return stay",
        replace:
          "if (splice.state !== 'queued' || unresolvedAttempts(splice).length > 0) return now + 1_000_000_000_000",
      },
    ],
  },
  {
    name: 'paused-for-ever',
    why: 'a node whose credential was refused once is never asked again',
    replacements: [
      {
        file: 'core/nodes/node-state.ts',
        find: '    paused: null,\n    relayEvents:',
        replace: '    paused: before?.paused ?? null,\n    relayEvents:',
      },
    ],
  },
  {
    name: 'blind-look-counts',
    why: 'a splice whose chain source did not answer after a block is not looked at again until it is due',
    replacements: [
      {
        file: 'core/sweep/drive-due.ts',
        find: "['changed_since_look', 'busy', 'blind']",
        replace: "['changed_since_look', 'busy']",
      },
    ],
  },
  {
    name: 'hint-instead-of-the-table',
    why: 'a splice whose hint is lost is never looked at',
    replacements: [
      {
        file: 'core/sweep/drive-due.ts',
        find: 'failed += await driveEach(wanted.slice(start, start + PAGE), shared)',
        replace: 'void start',
      },
    ],
  },
  {
    name: 'cancel-forgotten',
    why: 'a client is told that a splice will be withdrawn, and it goes on',
    replacements: [
      {
        file: 'core/splice/step.ts',
        find: 'const cancelling = { ...splice, cancelRequestedAt: splice.cancelRequestedAt ?? context.now }',
        replace: 'const cancelling = splice',
      },
    ],
  },
]
