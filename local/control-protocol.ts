import * as z from 'zod'

/** What `npm run sim` sends: the words that were typed. */
export const ControlRequest = z.strictObject({ words: z.array(z.string()).min(1).max(10) })

/** What it gets: the result of the command, or what is wrong with it. */
export const ControlAnswer = z.union([
  z.object({ result: z.unknown(), error: z.undefined().optional() }),
  z.object({ error: z.string() }),
])
