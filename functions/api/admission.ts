/** Lets some orders in, and makes others wait for their turn. */
export type Admission = {
  /** Resolves once it is the caller's turn: it must then `leave`. False: there is no room, or the signal came first. */
  enter(signal: () => AbortSignal): Promise<boolean>
  leave(): void
}

/**
 * Works on a few orders at once; the next ones wait in turn, and what is beyond them is refused at once. Work on more would only
 * make all of them slower, and leave this process no time to answer the rest.
 */
export function admissionOf({ atOnce, waiting }: { readonly atOnce: number; readonly waiting: number }): Admission {
  const queue = new Set<() => void>()
  let inside = 0
  return {
    async enter(signal) {
      if (inside < atOnce) {
        inside += 1
        return true
      }
      if (queue.size >= waiting) return false
      const turn = Promise.withResolvers<boolean>()
      const admit = (): void => turn.resolve(true)
      const giveUp = (): void => {
        if (queue.delete(admit)) turn.resolve(false)
      }
      queue.add(admit)
      signal().addEventListener('abort', giveUp, { once: true })
      return turn.promise
    },

    leave() {
      const [next] = queue
      if (next === undefined) {
        inside -= 1
        return
      }
      queue.delete(next)
      next()
    },
  }
}
