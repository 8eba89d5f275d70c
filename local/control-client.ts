import { ControlAnswer } from './control-protocol.ts'
import { LocalError } from './problem.ts'

/**
 * Sends a command to the control server of a running product and returns its result. Throws LocalError with
 * the problem.
 */
export async function send(sim: string, words: readonly string[]): Promise<unknown> {
  const response = await fetch(sim, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ words }),
  }).catch(() => null)
  if (response === null) throw new LocalError(`nothing answers at ${sim}: run npm start first`)
  const answer = ControlAnswer.safeParse(await response.json().catch(() => null))
  if (!answer.success) throw new LocalError(`something else answers at ${sim}: run npm start again`)
  if (answer.data.error !== undefined) throw new LocalError(answer.data.error)
  return answer.data.result
}
