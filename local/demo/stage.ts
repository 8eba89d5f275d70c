import * as z from 'zod'
import { JournalEntry } from '../../simulator/world/journal-entry.ts'
import type { Child } from '../child.ts'
import { send } from '../control-client.ts'
import { simulationPolicy } from '../settings.ts'
import { until } from '../until.ts'
import { apiClient, type Splice } from './client.ts'
import { Narrator } from './narrator.ts'

const WAIT_MS = 25_000

/** What the demo works with: the product's API, the commands of the world, and its journal, which judges. */
export class Stage {
  readonly api: ReturnType<typeof apiClient>
  readonly narrator: Narrator
  readonly channels: readonly string[]
  readonly #sim: string

  constructor({ endpoints }: Child, print: (line: string) => void) {
    if (endpoints.sim === null) throw new Error('the demo needs the simulated node')
    this.#sim = endpoints.sim
    this.channels = endpoints.channels
    this.api = apiClient(endpoints)
    this.narrator = new Narrator(this.channels, print)
  }

  /** Runs a command on the world and prints the resulting journal entries. */
  async lever(...words: string[]): Promise<void> {
    this.narrator.says(`npm run sim -- ${words.join(' ')}`)
    await send(this.#sim, words)
    await this.tell()
  }

  async journal(): Promise<JournalEntry[]> {
    return z.array(JournalEntry).parse(await send(this.#sim, ['journal']))
  }

  /** The journal entries of one type about a channel, or about none. */
  async lines(type: JournalEntry['type'], channelId: string | null): Promise<JournalEntry[]> {
    return (await this.journal()).filter((entry) => entry.type === type && entry.channelId === channelId)
  }

  async tell(): Promise<void> {
    this.narrator.journal(await this.journal())
  }

  async payouts(address: string, amountSats: number): Promise<number> {
    const answer = await send(this.#sim, ['payouts', address, String(amountSats)])
    return z.object({ payouts: z.int() }).parse(answer).payouts
  }

  async submissions(channelId: string): Promise<number> {
    const answer = await send(this.#sim, ['submissions', channelId])
    return z.object({ submissions: z.int() }).parse(answer).submissions
  }

  /** Waits until a splice is as wanted, printing the journal meanwhile; returns it. */
  async splice(id: string, what: string, wanted: (splice: Splice) => boolean): Promise<Splice> {
    const found = await until(what, WAIT_MS, async () => {
      await this.tell()
      const splice = await this.api.splice(id)
      return wanted(splice) ? splice : null
    })
    await this.tell()
    this.narrator.says(`${what}: the splice is ${found.status}`)
    return found
  }

  /** Waits for this time. */
  async wait(ms: number): Promise<void> {
    const end = Date.now() + ms
    await until('time to pass', ms + WAIT_MS, () => (Date.now() >= end ? true : null))
  }

  /** Waits until a restart counts as proof: it must come this long after the fence, to allow for clock differences. */
  async pastMargin(): Promise<void> {
    await this.wait(2 * simulationPolicy.startMarginMs)
  }
}
