import type { Bug } from './bug.ts'

const GATES = 'core/decision/fee-bump-gates.ts'
const ROWS = 'core/decision/rules/fee-bump.ts'
const BUMPS = 'core/splice/fee-bumps.ts'
const REPLACEMENT = 'core/splice/replacement.ts'

/** A fee bump that is asked for when it must not be, too often, or that is not one. */
export const bumpBugs: readonly Bug[] = [
  {
    name: 'bump-gate-fence',
    why: 'a bump is asked for while an earlier request may still arrive',
    replacements: [
      {
        file: GATES,
        find: 'fenceGate([...unresolvedAttempts(splice), ...splice.bumps.flatMap(unresolvedAttempts)], now),',
        replace: 'null,',
      },
      {
        file: BUMPS,
        find: 'if (!verdict.peerConnected || verdict.negotiating || !stands || fence === null || fence > now)',
        replace: 'if (!verdict.peerConnected || verdict.negotiating || !stands)',
      },
      {
        file: BUMPS,
        find: 'bump.quietSince ?? now), fence, bump.inFlightAt ?? 0)',
        replace: 'bump.quietSince ?? now), bump.inFlightAt ?? 0)',
      },
    ],
  },
  {
    name: 'bump-gate-channel',
    why: 'a bump is asked for while the peer is away, or on another funding output',
    replacements: [
      {
        file: GATES,
        find: "if (channel.closing || !channel.ready) return shut('channel_not_ready', 'The channel is not ready for payments yet.')",
        replace: 'return null',
      },
    ],
  },
  {
    name: 'bump-gate-unconfirmed',
    why: 'a transaction that is in a block is to be replaced',
    replacements: [
      {
        file: REPLACEMENT,
        find: "if (verdict.name === 'pending') return verdict.visible?.candidate ?? null",
        replace:
          "if (verdict.name === 'pending' || verdict.name === 'confirmed') return verdict.visible?.candidate ?? null",
      },
      {
        file: GATES,
        find: '!verdict.locked && splice.lockedAt === null',
        replace: 'true',
      },
      {
        file: ROWS,
        find: "if (verdict.name === 'confirmed' || verdict.name === 'final') return 'the transaction is in a block'",
        replace: '',
      },
      {
        file: ROWS,
        find: "if (verdict.locked) return 'the channel has moved to the transaction'",
        replace: '',
      },
      {
        file: ROWS,
        find: "const WAITING: readonly VerdictName[] = ['pending', 'unseen']",
        replace: "const WAITING: readonly VerdictName[] = ['pending', 'unseen', 'confirmed']",
      },
    ],
  },
  {
    name: 'bump-gate-lock-depth',
    why: 'a transaction is to be replaced on a channel that has moved to it already',
    replacements: [
      {
        file: GATES,
        find: '(observation.channel?.lockDepth ?? 0) > 0',
        replace: 'observation.channel !== null',
      },
      {
        file: ROWS,
        find: "return observation.channel?.lockDepth === 0 ? 'the channel is zero-conf' : null",
        replace: 'return null',
      },
      {
        file: ROWS,
        find: 'if ((observation.channel?.lockDepth ?? 0) === 0) return false',
        replace: '',
      },
      {
        file: 'core/accept/accept-fee-bump.ts',
        find: 'if (channel?.lockDepth === 0)',
        replace: 'if (channel === null)',
      },
      {
        file: 'core/accept/accept-splice.ts',
        find: 'if (!canBump(node.capabilities, request.kind) || channel.lockDepth === 0)',
        replace: 'if (!canBump(node.capabilities, request.kind))',
      },
    ],
  },
  {
    name: 'bump-gate-guard',
    why: 'a bump that waits at a node without the guard runs as a second splice when its candidate locks',
    replacements: [
      {
        file: GATES,
        find: "return can.bump && (can.checksFunding || (can.overlapGuard && kind === 'splice_out'))",
        replace: 'return can.bump',
      },
    ],
  },
  {
    name: 'bump-gate-splice-in',
    why: 'a splice-in is bumped, which the guard does not know again',
    replacements: [
      {
        file: GATES,
        find: "return can.bump && (can.checksFunding || (can.overlapGuard && kind === 'splice_out'))",
        replace: 'return can.bump && (can.checksFunding || can.overlapGuard)',
      },
    ],
  },
  {
    name: 'bump-gate-quiet',
    why: 'a bump is asked for at every look, before the one before it has come to anything',
    replacements: [
      {
        file: GATES,
        find: 'if (unresolvedAttempts(bump).length === 0) return null\n',
        replace: 'return null\n',
      },
    ],
  },
  {
    name: 'bump-gate-price',
    why: 'a replacement costs more than the client allows',
    replacements: [
      {
        file: GATES,
        find: 'const over = rate > (maxFeeRateSatPerKw ?? Infinity) || feeSats > (maxFeeSats ?? Infinity)',
        replace: 'const over = false',
      },
    ],
  },
  {
    name: 'bump-gate-lease',
    why: 'a bump is asked for on a frozen channel, or one that another splice has',
    replacements: [
      {
        file: GATES,
        find: 'if (lease?.value.frozen)',
        replace: 'if (lease === undefined)',
      },
      {
        file: GATES,
        find: "return lease?.value.holder === splice.id ? null : shut('lease', 'Another splice has the channel.')",
        replace: 'return null',
      },
      {
        file: 'core/drive/submit-fee-bump.ts',
        find: 'return lease?.holder === splice.id && lease.frozen === null',
        replace: 'return true',
      },
    ],
  },
  {
    name: 'bump-gate-attempts',
    why: 'a bump is tried more than three times',
    replacements: [
      {
        file: REPLACEMENT,
        find: 'return attemptsUsed(bump) >= BUMP_ATTEMPTS',
        replace: 'return false',
      },
    ],
  },
  {
    name: 'two-bumps-at-once',
    why: 'a second bump is opened while one is under way',
    replacements: [
      {
        file: BUMPS,
        find: 'if (openBumpOf(splice) !== null || from === null || full)',
        replace: 'if (from === null || full)',
      },
      {
        file: 'core/accept/accept-fee-bump.ts',
        find: "if (openBumpOf(splice) !== null) return { code: 'bump_open', message: 'a fee bump is already open' }",
        replace: '',
      },
    ],
  },
  {
    name: 'bump-as-a-new-splice',
    why: 'what is asked for instead of a replacement is a splice of its own, which shares nothing with the first',
    replacements: [
      {
        file: 'core/drive/submit-fee-bump.ts',
        find: "const command = (journal: Journal) => configured.port.bump(request, ports.call('command'), journal)",
        replace:
          "const command = (journal: Journal) => configured.port.submit(request, ports.call('command'), journal)",
      },
      {
        file: GATES,
        find: "return can.bump && (can.checksFunding || (can.overlapGuard && kind === 'splice_out'))",
        replace: 'return can.bump',
      },
    ],
  },
  {
    name: 'bump-never-closed',
    why: 'a bump stays open when nothing is left to replace',
    replacements: [
      {
        file: ROWS,
        find: '(_bump, situation) => nothingLeft(situation) !== null,',
        replace: '() => false,',
      },
    ],
  },
  {
    name: 'bump-done-by-the-old-one',
    why: 'a bump is told to be done when only what it should replace is to be seen',
    replacements: [
      {
        file: REPLACEMENT,
        find: 'if (candidate.txid === bump.from.txid) return false',
        replace: 'if (candidate.txid === bump.from.txid) return true',
      },
    ],
  },
  {
    name: 'settled-with-a-bump-on-its-way',
    why: "a request of a bump reaches the node after the end and replaces the next splice's transaction",
    replacements: [
      {
        file: 'core/decision/rules/after-broadcast.ts',
        find: 'unresolvedBumpAttempts(splice).every((attempt) => (fenceOf(attempt) ?? 0) < now),',
        replace: 'now > 0 && splice.id !== unresolvedBumpAttempts(splice).at(0)?.id && fenceOf !== null,',
      },
    ],
  },
]
