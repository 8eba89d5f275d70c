import { describe, expect, test } from 'vitest'
import type { WireFault } from '../../simulator/cln/wire-faults.ts'
import { aCln, clnKeeper, judge, lifeOf, order, orderOf } from '../../harness/nodes/cln-nodes.ts'

type Asked = { readonly method: string; readonly pass: number }

const asked = (method: string, pass = 0): Asked => ({ method, pass })

/** The calls of a splice in their order, up to the one that cannot be taken back, and those from there on. */
const CALLS = {
  splice_out: {
    before: [asked('addpsbtoutput'), asked('splice_init'), asked('splice_update')],
    from: [asked('splice_update', 1), asked('splice_signed')],
  },
  splice_in: {
    before: [
      asked('fundpsbt'),
      asked('splice_init'),
      asked('splice_update'),
      asked('splice_update', 1),
      asked('signpsbt'),
    ],
    from: [asked('splice_signed')],
  },
} as const

/** Faults of every call, and those that are told apart only where something may have been signed. */
const FAULTS: Readonly<Record<'clnrest' | 'socket', Record<'every' | 'signing', readonly WireFault[]>>> = {
  clnrest: {
    every: [
      { type: 'reset_before' },
      { type: 'reset_after' },
      { type: 'status', status: 401 },
      { type: 'status', status: 504, executes: true },
    ],
    signing: [
      { type: 'held' },
      { type: 'half_body' },
      { type: 'no_json' },
      { type: 'wrong_content_type' },
      { type: 'status', status: 403, body: '{"code":1502,"message":"Not permitted"}' },
      { type: 'status', status: 500, body: 'Internal Server Error' },
      { type: 'status', status: 502 },
    ],
  },
  socket: {
    every: [{ type: 'reset_before' }, { type: 'reset_after' }, { type: 'held' }],
    signing: [{ type: 'half_body' }, { type: 'no_json' }],
  },
}

function casesOf(way: 'clnrest' | 'socket', kind: 'splice_out' | 'splice_in') {
  const { before, from } = CALLS[kind]
  const { every, signing } = FAULTS[way]
  const calls = [
    ...before.map((call) => ({ ...call, faults: every })),
    ...from.map((call) => ({ ...call, faults: [...every, ...signing] })),
  ]
  return calls.flatMap(({ method, pass, faults }) =>
    faults.map((fault) => {
      const status = fault.type === 'status' ? ` ${fault.status}` : ''
      return { method, pass, fault, says: `${fault.type}${status} at ${method} ${pass + 1}` }
    }),
  )
}

/**
 * Signatures were asked for, and neither node nor chain will ever show more: the request was not executed, which nobody on this
 * side can tell. A splice-out whose commitments are secured goes on when the peer connects again; here it does not.
 */
function needsSomebody({ type, ...fault }: WireFault, method: string, kind: string): boolean {
  if (method !== 'splice_signed') return false
  const refused = 'status' in fault && [401, 403].includes(fault.status)
  const unheard = type === 'reset_before' || (type === 'status' && !('executes' in fault))
  return unheard && (kind === 'splice_out' || !refused)
}

describe.each(['clnrest', 'socket'] as const)('over %s', (way) => {
  describe.each(['splice_out', 'splice_in'] as const)('a %s', (kind) => {
    test.each(casesOf(way, kind))(
      '$says: takes effect once at most, and its end says which',
      async ({ fault, method, pass }) => {
        const stage = await aCln(way)
        const keeper = await clnKeeper(stage)
        stage.server.wire.next(fault, { method, pass })
        const { id } = await order(keeper, stage, orderOf(kind, keeper))
        const splice = await lifeOf(keeper, stage, id)
        judge(splice, stage)
        expect(stage.server.wire.left, 'faults that did not strike').toBe(0)
        expect(splice.state).toBe(needsSomebody(fault, method, kind) ? 'needs_attention' : 'settled')
      },
    )
  })
})
