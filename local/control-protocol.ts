import * as z from 'zod'

/** A request of `npm run sim`: the typed words. */
export const ControlRequest = z.strictObject({ words: z.array(z.string()).min(1).max(10) })

/** The answer: the command's result, or what is wrong with it. */
export const ControlAnswer = z.union([
  z.object({ result: z.unknown(), error: z.undefined().optional() }),
  z.object({ error: z.string() }),
])
