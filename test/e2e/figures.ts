import { wasCutOff } from './caller.ts'
import type { Operation } from './history.ts'
import type { Run } from './run.ts'

/** What happened in a run, in numbers. */
export function figuresOf({ evidence, tally, lives, healingMs }: Run): Record<string, unknown> {
  const { history, splices, account, log } = evidence
  const answered = history.filter(({ outcome }) => outcome.type !== 'unknown')
  const cut = history.filter(wasCutOff)
  return {
    lives,
    kills: pick(tally, 'kill.'),
    levers: [...tally].reduce((sum, [name, times]) => sum + (name.startsWith('lever.') ? times : 0), 0),
    requests: history.length,
    ok: answered.filter(({ outcome }) => outcome.type === 'ok').length,
    fail: countBy(answered, ({ outcome }) => (outcome.type === 'fail' ? outcome.code : null)),
    unknown: countBy(history, ({ outcome }) => (outcome.type === 'unknown' ? outcome.why : null)),
    cut: countBy(cut, ({ request }) => request.type),
    cutOrders: countBy(cut, (operation) => fateOf(operation, evidence.splices)),
    splices: countBy(splices, ({ status, failure, attention }) =>
      [status, failure?.code ?? attention?.code].filter((word) => word !== undefined).join(' '),
    ),
    attempts: splices.reduce((sum, { attempts }) => sum + attempts.length, 0),
    bumps: countBy(
      splices.flatMap(({ bumps }) => bumps),
      ({ status }) => status,
    ),
    nodeRequests: account.requests.length,
    nodeTook: account.requests.reduce((sum, { taken }) => sum + taken, 0),
    effects: account.transactions.filter(({ signed }) => signed?.contributes === true).length,
    events: log.length,
    doubleLines: log.length - new Set(log.map(({ id }) => id)).size,
    healingSeconds: Math.round(healingMs / 100) / 10,
  }
}

/** What became of an order whose answer never came. */
function fateOf({ request }: Operation, splices: Run['evidence']['splices']): string | null {
  if (request.type !== 'order') return null
  const { key, order } = request
  const happened = splices.some(
    ({ metadata, amountSats }) => metadata['key'] === key && amountSats === order.amountSats,
  )
  return happened ? 'stored' : 'not stored'
}

function pick(tally: ReadonlyMap<string, number>, prefix: string): Record<string, number> {
  return Object.fromEntries(
    [...tally].filter(([name]) => name.startsWith(prefix)).map(([name, n]) => [name.slice(prefix.length), n]),
  )
}

function countBy<T>(items: readonly T[], name: (item: T) => string | null): Record<string, number> {
  const groups = Map.groupBy(items, name)
  return Object.fromEntries(
    [...groups].flatMap(([group, members]) => (group === null ? [] : [[group, members.length] as const])),
  )
}
