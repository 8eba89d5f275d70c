import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProcessChoice, ProcessLook, ProcessPort, SeenProcess } from './process.ts'

/** The unit of /proc: USER_HZ, which is 100 on every Linux that Node runs on (proc(5)). */
const TICK_MS = 10
/** How much younger than its real age /proc may show this process. */
const OWN_AGE_SLACK_MS = 1_000
/** The kernel keeps the first 15 characters of a name (TASK_COMM_LEN). */
const NAME_CHARACTERS = 15

/** One line of /proc/<pid>/stat, the fields that we use. */
type Stat = { readonly name: string; readonly state: string; readonly startTicks: string }

/** Where Linux lists its processes; tests use another folder. */
export type ProcOptions = { readonly root?: string; readonly ownAgeMs?: () => number }

/** Milliseconds since boot, sleep included (CLOCK_BOOTTIME), from /proc/uptime. Throws if it cannot be read. */
export function uptimeIn(text: string): number {
  const seconds = /^(\d+\.\d+) /.exec(text)?.[1]
  if (seconds === undefined) throw new Error('/proc/uptime cannot be read')
  return Math.round(Number(seconds) * 1000)
}

/**
 * Parses a process's stat line; null when it is malformed. A name may contain blanks and brackets (proc_pid_stat(5)).
 */
export function statIn(text: string): Stat | null {
  const [open, close] = [text.indexOf('('), text.lastIndexOf(')')]
  if (open === -1 || close < open) return null
  // The fields after the name start with field 3, the state; field 22 is the start time.
  const fields = text
    .slice(close + 1)
    .trim()
    .split(' ')
  const [state, startTicks] = [fields[0], fields[19]]
  if (state === undefined || startTicks === undefined || !/^\d{1,18}$/.test(startTicks)) return null
  return { name: text.slice(open + 1, close), state, startTicks }
}

/**
 * The node's process according to /proc. Before the first look it checks /proc against this very process: in a
 * container whose uptime is its own but whose process start times are the host's, every start would be dated too late.
 */
export function linuxProcess(choice: ProcessChoice, options: ProcOptions = {}): ProcessPort {
  const { root = '/proc', ownAgeMs = () => process.uptime() * 1000 } = options
  const read = async (path: string): Promise<string | null> => readFile(join(root, path), 'utf8').catch(() => null)
  let doubt: string | null | undefined
  let last: SeenProcess | null = null

  const seenAs = async (pid: number): Promise<SeenProcess | null> => {
    const stat = statIn((await read(`${pid}/stat`)) ?? '')
    const bootId = (await read('sys/kernel/random/boot_id'))?.trim() ?? ''
    if (stat === null || bootId === '' || stat.state === 'Z' || stat.state === 'X') return null
    if (choice.name !== undefined && stat.name !== choice.name.slice(0, NAME_CHARACTERS)) return null
    const { startTicks } = stat
    return { pid, startTicks, bootId, startedAt: Number(startTicks) * TICK_MS }
  }
  const pidsToAsk = async (): Promise<number[]> => {
    if (choice.pid !== undefined) return [choice.pid]
    if (choice.pidFile === undefined) return pidsIn(await readdir(root).catch(() => []))
    return pidsIn([(await readFile(choice.pidFile, 'utf8').catch(() => '')).trim()])
  }
  const found = async (): Promise<SeenProcess[]> => {
    // A found process stays the node's for as long as it lives, so /proc is not searched every time.
    const still = last === null ? null : await seenAs(last.pid)
    if (still !== null && still.startTicks === last?.startTicks) return [still]
    const seen = await Promise.all((await pidsToAsk()).map(seenAs))
    return seen.filter((each) => each !== null)
  }

  return {
    async look(): Promise<ProcessLook> {
      doubt ??= doubtOf(await read('self/stat'), await read('uptime'), ownAgeMs())
      if (doubt !== '') return { type: 'unsure', why: doubt }
      const [one, ...others] = await found()
      if (one === undefined) return { type: 'absent', why: `no process ${nameOf(choice)} is visible` }
      if (others.length > 0)
        return {
          type: 'unsure',
          why: `${others.length + 1} processes match ${nameOf(choice)}: configure its pid file`,
        }
      last = one
      return { type: 'seen', process: one }
    },
  }
}

const pidsIn = (names: readonly string[]): number[] => names.filter((name) => /^[1-9]\d{0,9}$/.test(name)).map(Number)

/** Why start times in /proc cannot be dated; empty if they can. */
function doubtOf(stat: string | null, uptime: string | null, ownAgeMs: number): string {
  const ours = statIn(stat ?? '')
  if (ours === null || uptime === null) return 'this machine has no /proc that shows when processes started'
  const ageMs = uptimeIn(uptime) - Number(ours.startTicks) * TICK_MS
  return ageMs >= ownAgeMs - OWN_AGE_SLACK_MS
    ? ''
    : '/proc shows a wrong start time for the relay itself, as in some containers: run the relay where the node’s process runs'
}

function nameOf({ name, pid, pidFile }: ProcessChoice): string {
  const what = pid === undefined ? pidFile : String(pid)
  return [what, name === undefined ? undefined : `"${name}"`].filter((each) => each !== undefined).join(' ')
}

/** A port for a node whose process the relay cannot see: gives the reason and never reports a start. */
export function unseenProcess(why: string): ProcessPort {
  return { look: async () => ({ type: 'hidden', why }) }
}
