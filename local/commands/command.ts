import * as z from 'zod'
import type { LiveWorld } from '../live-world.ts'
import { LocalError } from '../problem.ts'

/** A command of `npm run sim`: how it is typed, what it is for, and what it does. The result is JSON. */
export type Command = {
  readonly usage: string
  readonly says: string
  readonly run: (words: readonly string[], live: LiveWorld) => unknown
}

/**
 * A command whose words are its arguments, in order. Running it throws LocalError for what whoever typed it can mend, and
 * names the argument.
 */
export function command<S extends z.ZodRawShape>(
  usage: string,
  says: string,
  takes: S,
  run: (args: z.output<z.ZodObject<S>>, live: LiveWorld) => unknown,
): Command {
  const names = Object.keys(takes)
  const schema = z.object(takes)
  return {
    usage,
    says,
    run(words, live) {
      const extra = words[names.length]
      if (extra !== undefined) throw new LocalError(`one argument too many: ${extra}. Usage: ${usage}`)
      const given = Object.fromEntries(names.map((name, n) => [name, words[n]]))
      const parsed = schema.safeParse(given)
      if (parsed.success) return run(parsed.data, live)
      const issue = parsed.error.issues[0]
      throw new LocalError(
        `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'does not fit'}. Usage: ${usage}`,
      )
    },
  }
}

/** A whole number from 1. */
export const count = (most: number) => z.coerce.number().int().min(1).max(most)

/** A feerate as people say it; fractions count. */
export const FeeRateSatPerVb = z.coerce.number().positive().max(4000)

/** The same in satoshis per 1000 weight: a virtual byte is four units of weight. */
export function satPerKwOf(feeRateSatPerVb: number): number {
  return Math.round(feeRateSatPerVb * 250)
}

/** How a channel is named: by its number from 1, its id, or at least four characters of its start. */
export const ChannelWord = z.string().min(1)

/** The id of the channel that a word names. Throws LocalError if there is none, or more than one. */
export function channelIn(live: LiveWorld, word: string): string {
  const ids = live.node.channels().map(({ channelId }) => channelId)
  const numbered = /^\d{1,3}$/.test(word) ? ids[Number(word) - 1] : undefined
  if (numbered !== undefined) return numbered
  const [found, second] = word.length < 4 ? [] : ids.filter((id) => id.startsWith(word))
  if (found === undefined || second !== undefined)
    throw new LocalError(`channel: ${word} names none of the ${ids.length} channels`)
  return found
}
