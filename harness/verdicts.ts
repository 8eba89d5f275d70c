import type { Verdict, VerdictName } from '../core/splice/verdict.ts'
import { FUNDING, TIP } from './values.ts'

export function aVerdict(overrides: Partial<Verdict> = {}): Verdict {
  return {
    name: 'absent',
    tipHeight: TIP,
    candidates: [],
    fundingHistory: [FUNDING],
    atFinalDepth: false,
    depth: 0,
    locked: false,
    channelGone: false,
    peerConnected: true,
    isBusy: false,
    balanceSignals: null,
    visible: null,
    signedUnseen: false,
    negotiating: false,
    secondEffect: null,
    blockMoved: false,
    nodeWentBack: false,
    effectWithoutAttempt: null,
    processStarts: [],
    watchedSpent: false,
    nonExecutionProofs: ['process_restarted', 'overlap_guard', 'quiet_absence'],
    quietAbsenceMs: null,
    ...overrides,
  }
}

/** Every verdict, to ask the tables about each. */
export const VERDICTS: readonly VerdictName[] = [
  'final',
  'confirmed',
  'pending',
  'unseen',
  'replaced',
  'closed',
  'foreign',
  'foreign_pending',
  'unattributed',
  'absent',
  'not_known',
]
