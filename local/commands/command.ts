import * as z from 'zod'
import type { LiveWorld } from '../live-world.ts'
import { LocalError } from '../problem.ts'

/** A command of `npm run sim`: its usage, its purpose, and its action. The result is JSON. */
export type Command = {
  readonly usage: string
  readonly says: string
  readonly run: (words: readonly string[], live: LiveWorld) => unknown
}

/**
 * Defines a command whose words are its arguments, in order. Running it throws LocalError, naming the
 * argument, for mistakes that the user can fix.
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
      if (extra !== undefined) throw new LocalError(`too many arguments: ${extra}. Usage: ${usage}`)
      const given = Object.fromEntries(names.map((name, n) => [name, words[n]]))
      const parsed = schema.safeParse(given)
      if (parsed.success) return run(parsed.data, live)
      const issue = parsed.error.issues[0]
      throw new LocalError(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'does not fit'}. Usage: ${usage}`)
    },
  }
}

/** A whole number from 1. */
export const count = (most: number) => z.coerce.number().int().min(1).max(most)

/** A feerate in sat/vB; fractions are allowed. */
export const FeeRateSatPerVb = z.coerce.number().positive().max(4000)

/** The feerate in sat/kw: a virtual byte is four weight units. */
export function satPerKwOf(feeRateSatPerVb: number): number {
  return Math.round(feeRateSatPerVb * 250)
}

/** A channel argument: its number (from 1), its id, or at least the first four characters of it. */
export const ChannelWord = z.string().min(1)

/** The id of the channel that an argument names. Throws LocalError if none matches, or more than one. */
export function channelIn(live: LiveWorld, word: string): string {
  const ids = live.node.channels().map(({ channelId }) => channelId)
  const numbered = /^\d{1,3}$/.test(word) ? ids[Number(word) - 1] : undefined
  if (numbered !== undefined) return numbered
  const [found, second] = word.length < 4 ? [] : ids.filter((id) => id.startsWith(word))
  if (found === undefined || second !== undefined)
    throw new LocalError(`channel: ${word} matches none of the ${ids.length} channels`)
  return found
}
