import { describe, expect, test } from 'vitest'
import { ClnAct, ClnMessage, type ClnPoint } from '../../simulator/cln/trap.ts'
import { aCln, clnKeeper, judge, lifeOf, order, orderOf } from '../../harness/nodes/cln-nodes.ts'

const KINDS = ['splice_out', 'splice_in'] as const
const US = ['STFU', 'SPLICE', 'TX_ADD_INPUT', 'TX_ADD_OUTPUT', 'TX_COMPLETE', 'COMMITMENT_SIGNED'] as const
const PEER = ['STFU', 'SPLICE_ACK', 'TX_COMPLETE', 'COMMITMENT_SIGNED', 'TX_SIGNATURES'] as const
const LOCKED = { when: 'before', message: 'SPLICE_LOCKED' } as const

/** Every point at which the simulated node can be interrupted. */
const POINTS: readonly ClnPoint[] = [
  ...[...US, 'TX_SIGNATURES', 'BROADCAST'].flatMap((message) => around('us', ClnMessage.parse(message))),
  ...PEER.flatMap((message) => around('peer', message)),
  { by: 'us', ...LOCKED },
  { by: 'peer', ...LOCKED },
]

function around(by: ClnPoint['by'], message: ClnMessage): ClnPoint[] {
  return [
    { by, when: 'before', message },
    { by, when: 'after', message },
  ]
}

const CUTS: readonly ClnAct[] = [{ type: 'drop' }, { type: 'kill_node' }, { type: 'kill_peer' }, { type: 'hang' }]
/** A peer that speaks again while the call waits, and one that does long after. A call has four phases. */
const FREEZES: readonly ClnAct[] = [
  { type: 'freeze_peer', ms: 5_000 },
  { type: 'freeze_peer', ms: 70_000 },
]
const PHASES = around('us', 'STFU')
  .concat(around('us', 'TX_ADD_INPUT'), around('us', 'TX_COMPLETE'), around('us', 'TX_SIGNATURES'))
  .filter(({ when }) => when === 'before')

const CASES = [
  ...CUTS.flatMap((act) => POINTS.map((point) => ({ act, point }))),
  ...FREEZES.flatMap((act) => PHASES.map((point) => ({ act, point }))),
].map(({ act, point }) => {
  const { by, when, message } = point
  return { act, point, says: `${act.type}${'ms' in act ? ` ${act.ms}` : ''} ${by} ${when} ${message}` }
})

/**
 * What nobody but a person can decide: signatures may be out, and neither node nor chain shows it (docs/decisions/0008, "left
 * open"), or the node itself does not know that it signed (limbo). Everything else settles by itself.
 */
const NEEDS_SOMEBODY: Readonly<Record<(typeof KINDS)[number], readonly string[]>> = {
  splice_out: ['hang us before TX_SIGNATURES', 'hang us after TX_SIGNATURES', 'hang us before BROADCAST'],
  splice_in: [
    'kill_node us before TX_SIGNATURES',
    'kill_node us after TX_SIGNATURES',
    'hang us before TX_SIGNATURES',
    'hang us after TX_SIGNATURES',
    'hang us before BROADCAST',
  ],
}

describe.each(KINDS)('a %s whose exchange is interrupted', (kind) => {
  test.each(CASES)('$says: takes effect once at most, and its end says which', async ({ act, point, says }) => {
    const stage = await aCln('socket')
    const keeper = await clnKeeper(stage)
    stage.node.at(point, act)
    const { id } = await order(keeper, stage, orderOf(kind, keeper))
    const splice = await lifeOf(keeper, stage, id)
    judge(splice, stage)
    expect(splice.state).toBe(NEEDS_SOMEBODY[kind].includes(says) ? 'needs_attention' : 'settled')
    const struck = stage.world.journal.entries.filter(({ detail }) => detail['act'] === act.type)
    expect(struck).toHaveLength(1)
  })
})
