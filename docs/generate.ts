import { writeFileSync } from 'node:fs'
import { bumpGates } from '../core/decision/fee-bump-gates.ts'
import { nonExecutionTable } from '../core/splice/non-execution.ts'
import { rules } from '../core/decision/decide.ts'
import { afterReason } from '../core/splice/failure.ts'
import { gates } from '../core/decision/gates.ts'
import { SpliceState } from '../core/splice/splice.ts'
import { hasEnded, transitions } from '../core/splice/transitions.ts'
import { nodesPage } from './nodes-page.ts'

const GENERATED = '<!-- Generated from the tables in core/ by `npm run docs`. Do not edit. -->'

/** The text of `docs/states.md`: the transition table as a diagram and as a list. */
export function statesPage(): string {
  const states = SpliceState.options
  const edges = new Map<string, string[]>()
  for (const from of states) {
    for (const [event, cell] of Object.entries(transitions[from])) {
      for (const to of cell.to.filter((target) => target !== from)) {
        edges.set(`${from} --> ${to}`, [...(edges.get(`${from} --> ${to}`) ?? []), event])
      }
    }
  }
  const diagram = [...edges].map(([edge, events]) => `    ${edge}: ${events.join(', ')}`)
  const ends = states.filter(hasEnded).map((state) => `    ${state} --> [*]`)
  const cells = states.flatMap((from) => [
    `## \`${from}\``,
    '',
    '| event | leads to | because |',
    '|---|---|---|',
    ...Object.entries(transitions[from]).map(
      ([event, cell]) => `| \`${event}\` | ${cell.to.map((to) => `\`${to}\``).join(', ')} | ${cell.why} |`,
    ),
    '',
  ])
  return [
    '# The states of a splice',
    '',
    GENERATED,
    '',
    'An event that a state does not list is ignored and counted. `looked` only records facts;',
    '[the decision table](decisions.md) decides what follows from them.',
    '',
    '```mermaid',
    'stateDiagram-v2',
    '    [*] --> queued: accepted',
    ...diagram,
    ...ends,
    '```',
    '',
    ...cells,
  ].join('\n')
}

/**
 * The text of `docs/decisions.md`: decisions, gates, reasons and proofs of non-execution, as the code has
 * them.
 */
export function decisionsPage(): string {
  return [
    '# What follows from a look',
    '',
    GENERATED,
    '',
    'Every look at node and chain is classified into a verdict. The first rule whose states, verdicts and condition hold decides.',
    '',
    '## Decisions',
    '',
    '| rule | states | verdicts | when | then |',
    '|---|---|---|---|---|',
    ...rules.map(
      (rule) =>
        `| \`${rule.id}\` | ${rule.states.join(', ')} | ${rule.verdicts === 'any' ? 'any' : rule.verdicts.join(', ')} | ` +
        `${rule.when?.says ?? 'always'} | ${rule.then} |`,
    ),
    '',
    '## Gates',
    '',
    "All must be open just before an attempt is journalled. One more, `lease`, belongs to the driver: the channel's lease is ours, by a",
    "consistent read, it is not frozen, and the table's generation is the configured one.",
    '',
    '| gate | open when |',
    '|---|---|---|',
    ...gates.map((gate) => `| \`${gate.name}\` | ${gate.says} |`),
    '',
    '## Gates of a fee bump',
    '',
    'All must be open just before an attempt of a bump is journalled. The lease is read again, consistently.',
    '',
    '| gate | open when |',
    '|---|---|---|',
    ...bumpGates.map((gate) => `| \`${gate.name}\` | ${gate.says} |`),
    '',
    '## Reasons',
    '',
    "LDK's `NegotiationFailureReason`. A reason decides whether submitting goes on, never how a splice ends.",
    '',
    '| reason | then | because |',
    '|---|---|---|',
    ...Object.entries(afterReason).map(([reason, after]) => `| \`${reason}\` | ${after.then} | ${after.why} |`),
    '',
    '## When an attempt is proven not executed',
    '',
    '| rule | nodes | proven when |',
    '|---|---|---|',
    ...Object.entries(nonExecutionTable).map(([proof, rule]) => `| \`${proof}\` | ${rule.nodes} | ${rule.says} |`),
    '',
  ].join('\n')
}

if (import.meta.main) {
  writeFileSync(new URL('states.md', import.meta.url), statesPage())
  writeFileSync(new URL('decisions.md', import.meta.url), decisionsPage())
  writeFileSync(new URL('nodes.md', import.meta.url), nodesPage())
}
