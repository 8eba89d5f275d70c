import { decodeAddress } from '../../core/bitcoin/address.ts'
import type { Account, Effective } from './account.ts'
import type { Line, Operation, Outcome, Request, Splice } from './history.ts'

/** What a run is judged by: what clients were told, what really happened, and what stands in the end. */
export type Case = {
  readonly history: readonly Operation[]
  readonly account: Account
  /** By the API, when everything rests. */
  readonly splices: readonly Splice[]
  readonly log: readonly Line[]
  /** What the product printed. */
  readonly output: string
}

/** A rule answers everything that breaks it. */
export type Rule = (run: Case) => string[]

/** A change too small for an output of its own stays in the channel: a splice-in may bring that much more. */
const DUST_SATS = 330
const OUTCOMES: readonly string[] = ['splice.settled', 'splice.failed', 'splice.cancelled']
const ENDS: readonly string[] = ['settled', 'failed', 'cancelled']

type Of<T extends Request['type'], O extends Outcome['type']> = Operation & {
  readonly request: Extract<Request, { type: T }>
  readonly outcome: Extract<Outcome, { type: O }>
}

/** The operations of a kind with such an outcome. */
function those<T extends Request['type'], O extends Outcome['type']>(
  { history }: Case,
  type: T,
  outcome: O,
): Of<T, O>[] {
  return history.filter(
    (operation): operation is Of<T, O> => operation.request.type === type && operation.outcome.type === outcome,
  )
}

/** What holds of every run (docs/design.md, section 1, as a client can see it). */
export const rules: Readonly<Record<string, Rule>> = {
  'what was accepted is kept, and comes to rest': (run) =>
    idsTold(run).flatMap((id) => {
      const splice = run.splices.find((each) => each.id === id)
      if (splice === undefined) return [`${id} is gone`]
      if (ENDS.includes(splice.status)) return []
      return splice.status === 'needs_attention' && splice.attention !== null
        ? []
        : [`${id} is ${splice.status}: ${splice.waitingFor ?? 'waits for nothing'}`]
    }),

  'what was accepted can be read from then on': (run) => {
    const missed = those(run, 'read', 'fail').filter(({ outcome }) => outcome.status === 404)
    return missed.flatMap(({ request, invokedAt }) => {
      const told = observations(run).some(({ splice, endedAt }) => splice.id === request.splice && endedAt < invokedAt)
      return told ? [`${request.splice} was not found`] : []
    })
  },

  'one key is one splice, with one body': (run) =>
    [...Map.groupBy(those(run, 'order', 'ok'), ({ request }) => request.key)].flatMap(([key, answers]) => {
      const ids = new Set(answers.flatMap(({ outcome }) => outcome.splices.map(({ id }) => id)))
      const bodies = new Set(answers.map(({ request }) => JSON.stringify(request.order)))
      return [
        ...(ids.size === 1 ? [] : [`${key} is ${[...ids].join(' and ')}`]),
        ...(bodies.size === 1 ? [] : [`${key} was taken with ${bodies.size} bodies`]),
      ]
    }),

  'one key is new once': (run) =>
    [...Map.groupBy(those(run, 'order', 'ok'), ({ request }) => request.key)].flatMap(([key, answers]) => {
      const fresh = answers.filter(({ outcome }) => outcome.status === 202)
      const [first] = fresh
      const late = answers.some(({ endedAt }) => first !== undefined && endedAt !== null && endedAt < first.invokedAt)
      return fresh.length > 1 || late ? [`${key} was new after it had been taken`] : []
    }),

  'a repeat is answered with the splice, whatever became of it': (run) =>
    those(run, 'order', 'fail').flatMap(({ request: { key, order }, outcome, invokedAt }) => {
      const earlier = those(run, 'order', 'ok').find(
        ({ request, endedAt }) => request.key === key && endedAt !== null && endedAt < invokedAt,
      )
      if (earlier === undefined) return []
      const isRepeat = JSON.stringify(earlier.request.order) === JSON.stringify(order)
      const fits = !isRepeat && outcome.code === 'idempotency_key_reused'
      return fits ? [] : [`${key} was taken, and then answered ${outcome.code}`]
    }),

  'a request that got no answer and its repeats are one splice': (run) =>
    keysOf(run).flatMap((key) => {
      const stored = run.splices.filter(({ metadata }) => metadata['key'] === key)
      const told = new Set(
        those(run, 'order', 'ok')
          .filter(({ request }) => request.key === key)
          .flatMap(({ outcome }) => outcome.splices.map(({ id }) => id)),
      )
      if (stored.length > 1) return [`${key} stored ${stored.length} splices`]
      const wrong = stored.filter(({ id }) => told.size > 0 && !told.has(id))
      return wrong.map(({ id }) => `${key} stored ${id}, which nobody was told`)
    }),

  'what is stored is what was ordered': (run) =>
    run.splices.flatMap((splice) =>
      orders(run).some(
        ({ request: { key, order }, outcome }) =>
          outcome.type !== 'fail' &&
          key === splice.metadata['key'] &&
          order.channel === splice.channel &&
          order.kind === splice.kind &&
          order.amountSats === splice.amountSats &&
          (order.address === null || order.address === splice.address),
      )
        ? []
        : [`nobody ordered ${splice.id}: ${splice.kind} ${splice.amountSats}`],
    ),

  'a refused order has no effect': (run) =>
    those(run, 'order', 'fail').flatMap(({ request: { key, order } }) => {
      const other = orders(run).some(
        ({ request, outcome }) =>
          outcome.type !== 'fail' && request.key === key && request.order.amountSats === order.amountSats,
      )
      if (other) return []
      const traces = [
        ...run.splices.filter(({ amountSats }) => amountSats === order.amountSats).map(({ id }) => id),
        ...run.account.requests.filter(isFor(order)).map(() => 'a request to the node'),
      ]
      return traces.map((trace) => `${key} with ${order.amountSats} sat was refused, but there is ${trace}`)
    }),

  'a refused cancel or bump has no effect': (run) =>
    run.splices.flatMap(({ id, cancelRequestedAt, bumps }) => {
      const cancels = run.history.some(
        ({ request, outcome }) => request.type === 'cancel' && request.splice === id && outcome.type !== 'fail',
      )
      const asked = bumpKeys(run, id, ['ok', 'unknown'])
      const opened = bumps.filter(({ by }) => by === 'client').length
      return [
        ...(cancelRequestedAt !== null && !cancels ? [`${id} is cancelled, and nobody's cancel was taken`] : []),
        ...(opened > asked.size ? [`${id} has ${opened} bumps of clients, ${asked.size} were asked for`] : []),
      ]
    }),

  'an accepted cancel or bump is kept': (run) =>
    run.splices.flatMap(({ id, status, cancelRequestedAt, bumps }) => {
      const cancelled = those(run, 'cancel', 'ok').some(({ request }) => request.splice === id)
      const asked = bumpKeys(run, id, ['ok'])
      const opened = bumps.filter(({ by }) => by === 'client').length
      const open = bumps.filter((bump) => bump.status === 'open' && status !== 'needs_attention')
      return [
        ...(cancelled && cancelRequestedAt === null ? [`the cancel of ${id} is forgotten`] : []),
        ...(opened < asked.size ? [`${id} has ${opened} bumps of clients, ${asked.size} were accepted`] : []),
        ...open.map((bump) => `${id} ended with ${bump.id} open`),
      ]
    }),

  'no splice happens twice': (run) =>
    run.splices.flatMap((splice) => {
      const effects = effectsOf(splice, run)
      return effects.length > 1 ? [`${splice.id}: ${effects.map(({ txid }) => txid).join(' and ')}`] : []
    }),

  'an end is true': (run) =>
    run.splices.flatMap((splice) => {
      const effects = effectsOf(splice, run)
      if (splice.status === 'settled') {
        const done = effects.length === 1 && effects.every(({ confirmed }) => confirmed)
        return done ? [] : [`${splice.id} is settled, with ${effects.length} effects`]
      }
      const ended = ENDS.includes(splice.status)
      return ended && effects.length > 0 ? [`${splice.id} is ${splice.status}, and has an effect`] : []
    }),

  'nothing happens that nobody ordered': (run) => [
    ...run.account.transactions
      .filter(({ signed }) => signed?.contributes === true)
      .filter((effective) => !run.splices.some((splice) => isEffectOf(effective, splice)))
      .map(({ txid }) => `${txid} has something of ours`),
    ...run.account.requests
      .filter((received) => !run.splices.some((splice) => isFor(splice)(received)))
      .map(({ kind, amountSats }) => `the node was asked for a ${kind} of ${amountSats} sat`),
  ],

  'attempts are bounded': (run) =>
    run.splices.flatMap((splice) => {
      const requests = run.account.requests.filter(isFor(splice))
      const taken = requests.reduce((sum, received) => sum + received.taken, 0)
      return taken > splice.budget.maxAttempts
        ? [`${splice.id}: the node took ${taken} requests, ${splice.budget.maxAttempts} were allowed`]
        : []
    }),

  'no second effect is suspected': ({ splices }) =>
    splices.flatMap(({ id, anomaly }) => (anomaly === null ? [] : [`${id}: ${anomaly.txid}`])),

  'reads never go back': (run) =>
    [...Map.groupBy(observations(run), ({ splice }) => splice.id).values()].flatMap((group) =>
      group.flatMap((later) =>
        group.flatMap((earlier) => {
          if (earlier.endedAt >= later.invokedAt) return []
          const back = goesBack(earlier.splice, later.splice)
          return back === null ? [] : [`${later.splice.id} at ${later.invokedAt}: ${back}`]
        }),
      ),
    ),

  'the log has no gap, and its lines stay': (run) => {
    const gap = run.log.find(({ sequence }, index) => sequence !== index + 1)
    const told = those(run, 'events', 'ok').flatMap(({ outcome }) => outcome.lines)
    const changed = told.filter((line) => {
      const stands = run.log[line.sequence - 1]
      return stands?.id !== line.id || stands.type !== line.type || stands.splice !== line.splice
    })
    return [
      ...(gap === undefined ? [] : [`a gap before line ${gap.sequence}`]),
      ...changed.map(({ sequence, id }) => `line ${sequence} was ${id}`),
    ]
  },

  'one outcome a splice and epoch': (run) =>
    run.splices.flatMap(({ id, status, epoch }) => {
      const lines = run.log.filter(({ splice, type }) => splice === id && OUTCOMES.includes(type))
      const twice = [...Map.groupBy(lines, (line) => line.epoch).values()].filter(({ length }) => length > 1)
      const told = lines.some((line) => line.epoch === epoch && line.type === `splice.${status}`)
      return [
        ...twice.map((group) => `${id}: ${group.map(({ type }) => type).join(' and ')}`),
        ...(ENDS.includes(status) && !told ? [`${id} is ${status}, and that was not told`] : []),
        ...(epoch > 0 ? [`${id} is in epoch ${epoch}, and there was no reorg`] : []),
      ]
    }),

  'nothing breaks inside': ({ history, output }) => [
    ...history.flatMap(({ request, outcome }) =>
      outcome.type === 'unknown' && outcome.why === 'HTTP 500' ? [`${request.type}: HTTP 500`] : [],
    ),
    ...output.split('\n').filter((line) => /AssertionError|StoreAssertion|ZodError|TypeError|RangeError/.test(line)),
  ],
}

/** The rules that a run breaks, each with the first things that break it. */
export function brokenBy(run: Case): { readonly rule: string; readonly details: string[] }[] {
  return Object.entries(rules).flatMap(([rule, broken]) => {
    const details = broken(run)
    return details.length === 0 ? [] : [{ rule, details: details.slice(0, 10) }]
  })
}

function orders(run: Case): Of<'order', Outcome['type']>[] {
  return [...those(run, 'order', 'ok'), ...those(run, 'order', 'fail'), ...those(run, 'order', 'unknown')]
}

function keysOf(run: Case): string[] {
  return [...new Set(orders(run).map(({ request }) => request.key))]
}

function bumpKeys(run: Case, id: string, outcomes: readonly Outcome['type'][]): ReadonlySet<string> {
  return new Set(
    run.history.flatMap(({ request, outcome }) =>
      request.type === 'bump' && request.splice === id && outcomes.includes(outcome.type) ? [request.key] : [],
    ),
  )
}

type Observation = { readonly splice: Splice; readonly invokedAt: number; readonly endedAt: number }

/** What the API showed of splices, where it promises to be current: the list may lag. */
function observations({ history }: Case): Observation[] {
  return history.flatMap(({ request, outcome, invokedAt, endedAt }) =>
    request.type === 'list' || outcome.type !== 'ok' || endedAt === null
      ? []
      : outcome.splices.map((splice) => ({ splice, invokedAt, endedAt })),
  )
}

function idsTold(run: Case): string[] {
  return [...new Set(observations(run).map(({ splice }) => splice.id))]
}

/** In what a splice that was read later is behind one that was read earlier; null: in nothing. */
function goesBack(earlier: Splice, later: Splice): string | null {
  if (Date.parse(later.updatedAt) < Date.parse(earlier.updatedAt))
    return `${later.updatedAt} after ${earlier.updatedAt}`
  if (later.epoch < earlier.epoch) return `epoch ${later.epoch} after ${earlier.epoch}`
  if (ENDS.includes(earlier.status) && later.status !== earlier.status) return `${later.status} after ${earlier.status}`
  const lost = earlier.candidates.find(({ txid }) => !later.candidates.some((each) => each.txid === txid))
  if (lost !== undefined) return `${lost.txid} was seen`
  const last = (splice: Splice): number => splice.attempts.at(-1)?.number ?? 0
  if (last(later) < last(earlier)) return `attempt ${last(later)} after ${last(earlier)}`
  if (earlier.cancelRequestedAt !== null && later.cancelRequestedAt === null) return 'the cancel is gone'
  return same(earlier, later) ? null : 'what was ordered is another'
}

function same(a: Splice, b: Splice): boolean {
  const order = ({ channel, kind, amountSats, metadata, paymentId, createdAt }: Splice): string =>
    JSON.stringify([channel, kind, amountSats, metadata, paymentId, createdAt])
  return order(a) === order(b) && (a.address === null || a.address === b.address)
}

function effectsOf(splice: Splice, { account }: Case): Effective[] {
  return account.transactions.filter((effective) => isEffectOf(effective, splice))
}

function isEffectOf({ outputs, signed }: Effective, { kind, channel, amountSats, address }: Splice): boolean {
  if (kind === 'splice_in') {
    if (signed?.channelId !== channel) return false
    return signed.oursNetSats >= amountSats && signed.oursNetSats <= amountSats + DUST_SATS
  }
  const decoded = address === null ? null : decodeAddress(address, 'regtest')
  if (decoded?.ok !== true) return false
  return outputs.some((output) => output.script === decoded.value.script && output.amountSats === amountSats)
}

/** Whether a request that reached the node is for that order. */
function isFor({ kind, amountSats }: { readonly kind: string; readonly amountSats: number }) {
  return (received: { readonly kind: string; readonly amountSats: number }): boolean =>
    received.kind === kind && received.amountSats === amountSats
}
