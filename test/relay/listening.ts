import { onTestFinished } from 'vitest'
import type { Source, SourceEnd, ReportedEvent } from '../../relay/source.ts'

/** A source that somebody listens to; what it says can be waited for. */
export type Listening = {
  readonly told: ReportedEvent[]
  readonly warned: string[]
  /** Resolves when the node has taken the subscription. */
  readonly opened: Promise<undefined>
  /** Resolves with the next event. */
  readonly next: () => Promise<ReportedEvent>
  readonly ended: Promise<SourceEnd>
  readonly stop: () => void
}

/** Listens once, until the test is over. */
export function listenTo(source: Source): Listening {
  const stopped = new AbortController()
  const opened = Promise.withResolvers<undefined>()
  const told: ReportedEvent[] = []
  const warned: string[] = []
  const waiting: ((event: ReportedEvent) => void)[] = []
  let given = 0
  const ended = source.listen(
    {
      opened: () => opened.resolve(undefined),
      reported: (event) => {
        told.push(event)
        const first = waiting.shift()
        if (first === undefined) return
        given += 1
        first(event)
      },
      warned: (why) => void warned.push(why),
    },
    stopped.signal,
  )
  onTestFinished(async () => {
    stopped.abort()
    await ended
  })
  const next = async (): Promise<ReportedEvent> => {
    const event = told[given]
    if (event === undefined) return new Promise((resolve) => waiting.push(resolve))
    given += 1
    return event
  }
  return { told, warned, opened: opened.promise, next, ended, stop: () => stopped.abort() }
}
