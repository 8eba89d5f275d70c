import { capabilitiesOf as clnCapabilities } from '../adapters/node/cln/look.ts'
import { permissionsOf } from '../adapters/node/cln/permission.ts'
import { capabilitiesOf as eclairCapabilities } from '../adapters/node/eclair/look.ts'
import { capabilitiesOf as ldkCapabilities } from '../adapters/node/ldk/look.ts'
import { UNSUPPORTED as lndCapabilities } from '../adapters/node/lnd/node.ts'
import { capabilities as phoenixdCapabilities } from '../adapters/node/phoenixd/look.ts'
import { canBump } from '../core/decision/fee-bump-gates.ts'
import { nonExecutionTable } from '../core/splice/non-execution.ts'
import type { Capabilities } from '../core/ports/node.ts'
import type { NonExecutionProof } from '../core/splice/splice.ts'

const GENERATED = '<!-- Generated from the adapters by `npm run docs`. Do not edit. -->'

const clock = { now: () => 0 }
const everything = permissionsOf(null)
const pluginOnly = { ...everything, spliceIn: false, spliceOut: false }

/** Each kind of node as its adapter reports it, and what the adapter was tested against. */
const nodes: readonly { readonly name: string; readonly can: Capabilities; readonly tried: string }[] = [
  {
    name: 'ldk-server',
    can: ldkCapabilities({ clock }),
    tried: 'simulated, over real gRPC and TLS; no real node yet',
  },
  {
    name: 'ldk-server with the overlap guard',
    can: ldkCapabilities({ clock, overlapGuard: true }),
    tried: 'as above',
  },
  {
    name: 'Core Lightning ≥ 26.06',
    can: clnCapabilities('v26.06', { clock, network: 'bitcoin', permissions: everything }),
    tried: "simulated, over real TLS and sockets; a real node's recorded answers as fixtures",
  },
  {
    name: 'Core Lightning, a rune for `splicein` alone',
    can: clnCapabilities('v26.06', { clock, network: 'bitcoin', permissions: pluginOnly }),
    tried: 'as above',
  },
  {
    name: 'Eclair ≥ 0.14',
    can: eclairCapabilities('0.14.0'),
    tried: 'simulated, over real HTTP; message shapes taken from its source',
  },
  {
    name: 'phoenixd',
    can: phoenixdCapabilities,
    tried: 'simulated, over real HTTP; message shapes taken from its source',
  },
  { name: 'LND', can: lndCapabilities, tried: 'refused, with the reason' },
]

const yes = (is: boolean): string => (is ? 'yes' : 'no')

const isAble = ({ spliceIn, spliceOut }: Capabilities): boolean => spliceIn || spliceOut

/** Rules that hold on every node are listed once, not for each. */
const ALWAYS: readonly NonExecutionProof[] = ['refused', 'channel_closed', 'conflict_final', 'operator']
const ownRules = ({ nonExecutionProofs }: Capabilities): NonExecutionProof[] =>
  nonExecutionProofs.filter((rule) => !ALWAYS.includes(rule))

const rows: readonly (readonly [name: string, valueOf: (can: Capabilities) => string])[] = [
  ['splice-in', (can) => yes(can.spliceIn)],
  ['splice-out', (can) => yes(can.spliceOut)],
  ['splice-out to an address that you name', (can) => yes(can.spliceOut && can.toAddress)],
  ['fee bump of a splice-in', (can) => yes(can.spliceIn && canBump(can, 'splice_in'))],
  ['fee bump of a splice-out', (can) => yes(can.spliceOut && canBump(can, 'splice_out'))],
  ['fee bump takes a feerate', (can) => yes(can.bump && can.setsFeeRate)],
  ['fee ceiling', (can) => can.feeCap],
  ['who picks the channel', (can) => (can.leaseScope === 'node' ? 'the node' : 'you')],
  ['resubmitted automatically', (can) => yes(can.submitsOnce !== true)],
  [
    'first attempt while the peer is disconnected',
    (can) => (can.queuesOffline ? 'queued at the node' : 'waits at Splicekeeper'),
  ],
  ['transactions are', (can) => (can.reportsCandidates ? 'reported' : 'inferred')],
  ['transaction is checked before it is signed', (can) => yes(can.checksFunding)],
  [
    'an unanswered request can still be received for',
    ({ fenceMs }) => (fenceMs === null ? 'no bound' : `${fenceMs / 1000} s`),
  ],
  [
    'and is proven not executed by',
    (can) =>
      ownRules(can)
        .map((rule) => `\`${rule}\``)
        .join(' '),
  ],
]

/**
 * The text of `docs/nodes.md`: what each kind of node can do, what is inferred about it, and how strong the
 * proofs are.
 */
export function nodesPage(): string {
  const rules = new Set([...ALWAYS, ...nodes.flatMap(({ can }) => ownRules(can))])
  return [
    '# What each node can do',
    '',
    GENERATED,
    '',
    `| | ${nodes.map(({ name }) => name).join(' | ')} |`,
    `|---|${nodes.map(() => '---|').join('')}`,
    ...rows.map(([name, valueOf]) => {
      const cells = nodes.map(({ can }) => (isAble(can) ? valueOf(can) : '-'))
      return `| ${name} | ${cells.join(' | ')} |`
    }),
    `| tried against | ${nodes.map(({ tried }) => tried).join(' | ')} |`,
    '',
    'A fee ceiling is *enforced* if the node signs no transaction over it. It is *gated* if the worst case is checked before submitting and',
    'an excess is reported afterwards. *Inferred* transactions are found by what spends the funding outpoint. Until one is seen, only the',
    "node's balances show that something is under way, and Lightning traffic can blur them.",
    '',
    '## How strong a proof is',
    '',
    'An unanswered request is sent again, or given up, only once it is proven that it can no longer take effect:',
    '',
    '| proof | on | holds when |',
    '|---|---|---|',
    ...[...rules].map((rule) => `| \`${rule}\` | ${nonExecutionTable[rule].nodes} | ${nonExecutionTable[rule].says} |`),
    '',
    ...nodes.filter(({ can }) => !isAble(can)).map(({ name, can }) => `**${name}.** ${can.unsupported ?? ''}.`),
    '',
    'How to connect one: [ldk-server](../README.md#your-own-node), [Core Lightning](nodes/core-lightning.md),',
    '[Eclair](reference/eclair.md), [phoenixd](reference/phoenixd.md). Each with its relay: [relay.md](relay.md).',
    '',
  ].join('\n')
}
