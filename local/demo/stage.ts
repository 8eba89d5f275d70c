import * as z from 'zod'
import { JournalEntry } from '../../simulator/world/journal-entry.ts'
import type { Child } from '../child.ts'
import { send } from '../control-client.ts'
import { simulationPolicy } from '../settings.ts'
import { until } from '../until.ts'
import type { Splice } from './client.ts'
import { apiClient } from './client.ts'
import { Narrator } from './narrator.ts'

const WAIT_MS = 25_000

/** What the demo plays on: the product's API, the levers of the world, and its journal, which judges. */
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

  /** Pulls a lever of the world and tells what the journal says of it. */
  async lever(...words: string[]): Promise<void> {
    this.narrator.says(`npm run sim -- ${words.join(' ')}`)
    await send(this.#sim, words)
    await this.tell()
  }

  async journal(): Promise<JournalEntry[]> {
    return z.array(JournalEntry).parse(await send(this.#sim, ['journal']))
  }

  /** The journal's lines of one type about a channel, or about none. */
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

  /** Waits for a splice to be as wanted, tells what the journal says meanwhile, and answers it. */
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

  /** Lets so much time pass. */
  async wait(ms: number): Promise<void> {
    const end = Date.now() + ms
    await until('time to pass', ms + WAIT_MS, () => (Date.now() >= end ? true : null))
  }

  /** After a fence a restart counts as one only some time later, for clocks. */
  async pastMargin(): Promise<void> {
    await this.wait(2 * simulationPolicy.startMarginMs)
  }
}
