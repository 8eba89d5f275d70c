import { error, lost, type Fault } from '../../../../harness/nodes/scripted-cln.ts'

/** Everything that can become of a call. */
export const FAULTS: readonly (readonly [string, Fault])[] = [
  ...[-32602, -32601, -1, -4, 301, 302, 313, 350, 351, 352, 353, 354, 355, 356, 357, 358, 359, 360, 362, 363].map(
    (code): readonly [string, Fault] => [`error ${code}`, error(code)],
  ),
  ['a lost connection after it was executed', lost(true)],
  ['a connection error after it was executed (363)', error(363, true)],
  ['an unknown error after it was executed (-1)', error(-1, true)],
  ['a lost request', lost(false)],
  ['a request that was not sent', { executed: false, fault: { type: 'not_sent', identity: false, message: 'x' } }],
  ['a server with another certificate', { executed: false, fault: { type: 'not_sent', identity: true, message: 'x' } }],
  ['a rune that was revoked', { executed: false, fault: { type: 'denied', code: 1501, message: 'x' } }],
  ['a rune whose time is over', { executed: false, fault: { type: 'denied', code: 1502, message: 'x' } }],
]

/** The calls of a first attempt, in their order, each with how often its method was called before. */
export const CALLS: Readonly<Record<'splice_in' | 'splice_out', readonly string[]>> = {
  splice_out: [
    'listpeerchannels 0',
    'feerates 0',
    'addpsbtoutput 0',
    'splice_init 0',
    'splice_update 0',
    'splice_update 1',
    'splice_signed 0',
  ],
  splice_in: [
    'listpeerchannels 0',
    'feerates 0',
    'fundpsbt 0',
    'splice_init 0',
    'splice_update 0',
    'splice_update 1',
    'signpsbt 0',
    'splice_signed 0',
  ],
}
