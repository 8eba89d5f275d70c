import { configuredNode } from '../adapters/node/configured.ts'
import { CHECKS, type Subject } from './checks.ts'
import type { Claim } from './judgement.ts'
import type { Entry, Report } from './report.ts'
import { scenarios, type Scenario } from './scenarios.ts'
import { Service } from './running-product.ts'
import { POINTS, type Settings } from './settings.ts'
import { Stage } from './stage.ts'
import { openTap } from './tap.ts'
import type { TappedCall } from './traps.ts'

const clock = { now: () => Date.now() }
/** Calls of one command follow each other within this time. */
const PAUSE_MS = 1_000
/**
 * A regtest and a testnet address whose key nobody has. Commands that name them are refused, so they are never paid.
 */
const NOBODY = {
  regtest: 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080',
  testnet: 'tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx',
} as const

/** Runs the checks and scenarios in order. Returns whether all those that could run held. */
export async function runAll(settings: Settings, only: readonly string[], report: Report): Promise<boolean> {
  const tap = await openTap(settings.entry)
  const service = new Service(tap?.entry ?? settings.entry, settings.pace)
  const isAsked = ({ name }: { readonly name: string }): boolean =>
    only.length === 0 || only.some((part) => name.includes(part))
  const wrong: Entry[] = []
  const add = (entry: Entry): void => {
    if (entry.outcome === 'WRONG') wrong.push(entry)
    report.add(entry)
  }
  try {
    const stage = new Stage(settings, service, tap?.traps ?? null)
    const { version, capabilities } = await stage.look()
    const { kind, nodeId, pace } = settings
    report.begin({ kind, version, nodeId, way: wayOf(settings), pace })
    const subject = subjectOf(stage)
    for (const { name, run, wants } of CHECKS.filter(isAsked)) {
      const missing = wants?.(subject) ?? null
      add(missing === null ? await timed(name, () => run(subject)) : skipped(name, missing))
    }
    await service.ready()
    const all = scenarios(tap === null ? [] : POINTS[kind])
    for (const scenario of all.filter(isAsked)) {
      const missing = missingFor(scenario, settings, scenario.can(capabilities))
      add(missing === null ? await played(scenario, stage) : skipped(scenario.name, missing))
    }
  } finally {
    const output = await service.close()
    await tap?.close()
    if (wrong.length > 0) process.stderr.write(output)
  }
  report.end()
  return wrong.length === 0
}

function skipped(name: string, why: string): Entry {
  return { name, outcome: 'skipped', why, seconds: 0, commandMs: null }
}

function wayOf({ entry }: Settings): string {
  if (entry.kind !== 'core-lightning') return entry.kind === 'ldk-server' ? 'gRPC' : 'HTTP'
  return entry.socketPath === undefined ? 'clnrest' : 'its socket'
}

function missingFor({ levers }: Scenario, { commands }: Settings, can: boolean): string | null {
  if (!can) return 'the node, or the calls that its credential permits, cannot do this'
  const missing = levers.filter((name) => commands[name] === null)
  return missing.length === 0
    ? null
    : missing.map((name) => `INTEROP_${name.toUpperCase()}`).join(', ') + ' is not given'
}

function subjectOf(stage: Stage): Subject {
  const { settings, port, chain, node } = stage
  const { entry, stranger, nodeId, channelId } = settings
  return {
    port,
    stranger: stranger === null ? null : configuredNode(stranger, clock).port,
    nodeId,
    network: entry.network,
    channelId,
    unspentSats: (outpoint) => chain.unspentSats(outpoint),
    splices: async () => ((await node.channel())?.pending.length ?? 0) + ((await node.booked())?.length ?? 0),
    address: entry.network === 'regtest' ? NOBODY.regtest : NOBODY.testnet,
    now: clock.now,
  }
}

async function timed(name: string, run: () => Promise<void>): Promise<Entry> {
  const startedAt = Date.now()
  const seconds = (): number => (Date.now() - startedAt) / 1000
  try {
    await run()
    return { name, outcome: 'held', why: '', seconds: seconds(), commandMs: null }
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    return { name, outcome: 'WRONG', why, seconds: seconds(), commandMs: null }
  }
}

async function played(scenario: Scenario, stage: Stage): Promise<Entry> {
  let claims: readonly Claim[] = []
  const entry = await timed(scenario.name, async () => {
    await stage.begin()
    stage.traps?.takeCalls()
    const failed = await scenario.run(stage).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    const finished = await stage.finish()
    claims = finished.claims
    const wrong = [...(failed === null ? [] : [failed]), ...finished.objections]
    if (wrong.length > 0) throw new Error(wrong.join('; '))
  })
  const commandMs = longestCommandMs(stage.traps?.takeCalls() ?? [])
  const came = claims.map(({ kind, amountSats, status }) => `${kind} of ${amountSats} sat ${status}`).join(', ')
  return { ...entry, commandMs, why: entry.outcome === 'held' ? came : entry.why }
}

/** The longest time from the first to the last call of a command, not counting a sweep's reads. */
function longestCommandMs(calls: readonly TappedCall[]): number | null {
  const steps = calls.filter(({ method }) => /splice|psbt|rbf|bump/i.test(method))
  let longest: number | null = null
  let beganAt = 0
  let endedAt = Number.NEGATIVE_INFINITY
  for (const { startedAt, tookMs } of steps) {
    if (startedAt - endedAt > PAUSE_MS) beganAt = startedAt
    endedAt = startedAt + tookMs
    longest = Math.max(longest ?? 0, endedAt - beganAt)
  }
  return longest
}
