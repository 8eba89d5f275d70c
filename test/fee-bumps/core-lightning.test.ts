import { describe, expect, test } from 'vitest'
import { ClnAct, ClnPoint } from '../../simulator/cln/trap.ts'
import { MINUTE } from '../../harness/keeper/times.ts'
import {
  aCln,
  clnKeeper,
  judge,
  lifeOf,
  order,
  orderOf,
  truthOf,
  type ClnStage,
} from '../../harness/nodes/cln-nodes.ts'

const POINTS = [
  'us before STFU',
  'peer before SPLICE_ACK',
  'us before TX_ADD_INPUT',
  'peer after TX_COMPLETE',
  'us before COMMITMENT_SIGNED',
  'us after COMMITMENT_SIGNED',
  'peer after TX_SIGNATURES',
  'us before TX_SIGNATURES',
  'us after TX_SIGNATURES',
  'us before BROADCAST',
] as const
const ACTS = ['drop', 'kill_node', 'hang'] as const
const CALLS = {
  splice_out: ['addpsbtoutput', 'splice_init', 'splice_update', 'splice_update 1', 'splice_signed'],
  splice_in: ['fundpsbt', 'splice_init', 'splice_update', 'splice_update 1', 'signpsbt', 'splice_signed'],
} as const

type Strike = { readonly says: string; readonly strike: (stage: ClnStage) => void }

function strikesOf(kind: keyof typeof CALLS): Strike[] {
  const exchanged = ACTS.flatMap((type) =>
    POINTS.map((point) => {
      const [by, when, message] = point.split(' ')
      const at = ClnPoint.parse({ by, when, message })
      const strike = ({ node }: ClnStage): void => node.at(at, ClnAct.parse({ type }))
      return { says: `${type} ${point}`, strike }
    }),
  )
  const asked = (['reset_before', 'reset_after'] as const).flatMap((type) =>
    CALLS[kind].map((call) => {
      const [method = '', pass = '0'] = call.split(' ')
      const strike = ({ server }: ClnStage): void => server.wire.next({ type }, { method, pass: Number(pass) })
      return { says: `${type} ${call}`, strike }
    }),
  )
  return [...exchanged, ...asked]
}

/** The node does not know of its own that it signed the replacement, and never locks it. */
const LIMBO = 'splice_in kill_node us after TX_SIGNATURES'

describe.each(['splice_out', 'splice_in'] as const)('a fee bump of a %s', (kind) => {
  test.each(strikesOf(kind))(
    'interrupted by $says: one of the two takes effect, and neither is claimed without its signatures',
    async ({ says, strike }) => {
      const stage = await aCln('socket')
      const keeper = await clnKeeper(stage)
      const { id } = await order(keeper, stage, orderOf(kind, keeper))
      await keeper.run(3 * MINUTE)
      strike(stage)
      await keeper.bump(id)
      const splice = await lifeOf(keeper, stage, id)
      judge(splice, stage)
      expect(splice.state).toBe(`${kind} ${says}` === LIMBO ? 'needs_attention' : 'settled')
      const [bump] = splice.bumps
      const { effects, signed } = truthOf(stage)
      const replaced = effects[0]?.txid !== signed[0]
      expect(bump?.outcome?.result).toBe(replaced ? 'done' : 'abandoned')
    },
  )
})
