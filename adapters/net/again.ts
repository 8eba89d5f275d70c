/** How often a read is sent at most. */
const MOST = 4

/**
 * Asks again, at once, as long as the answer has failed and the call has time, up to four times in all. For reads
 * only: a command that got no answer may have been executed. `earlier`: how often it was asked before.
 */
export async function again<T>(
  ask: (earlier: number) => Promise<T>,
  hasFailed: (answer: T) => boolean,
  signal: AbortSignal,
): Promise<T> {
  for (let earlier = 0; ; earlier += 1) {
    const answer = await ask(earlier)
    if (earlier + 1 >= MOST || signal.aborted || !hasFailed(answer)) return answer
  }
}
