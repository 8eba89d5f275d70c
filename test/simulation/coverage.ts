import { rules } from '../../core/decision/decide.ts'
import { transitions } from '../../core/splice/transitions.ts'
import type { Tally } from '../../harness/dice.ts'
import { actions } from './plan.ts'

const FAULTS: readonly string[] = [
  ...['throttle', 'no_response', 'lost_response', 'lost_race', 'stale_index'].map((fault) => `store.${fault}`),
  ...['lose', 'double', 'delay', 'reorder', 'dead_letter'].map((fault) => `queue.${fault}`),
  ...['death', 'pause', 'skew'].map((fault) => `function.${fault}`),
  'table.restored',
]

/** Of nodes that report their candidates, and which leave something behind: not of the simulated one, which is an LDK. */
const OF_OTHER_NODES: readonly string[] = ['signed', 'abort_unsigned']

/** Everything that can come about in a run, as a tally names it: rows of the decision table, changes of state, faults, actions. */
export function possible(): string[] {
  const changes = Object.entries(transitions).flatMap(([from, row]) =>
    Object.values(row).flatMap(({ to }) => to.filter((state) => state !== from).map((state) => `${from}>${state}`)),
  )
  return [
    ...rules.filter(({ id }) => !OF_OTHER_NODES.includes(id)).map(({ id }) => `decision.${id}`),
    ...[...new Set(changes)].map((change) => `transition.${change}`),
    ...FAULTS,
    ...[...actions.keys()].map((action) => `action.${action}`),
  ]
}

/** What did not come about. */
export function missing(tally: Tally): string[] {
  return possible().filter((name) => !tally.has(name))
}
