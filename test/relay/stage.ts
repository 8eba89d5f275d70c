import { onTestFinished } from 'vitest'
import { runRelay, type Relay } from '../../relay/relay.ts'
import type { Source } from '../../relay/source.ts'
import type { ManualTime } from './manual-time.ts'

/** Runs a relay until the test is over. */
export function run(relay: Relay, time: ManualTime): { readonly stop: () => Promise<void> } {
  const stopped = new AbortController()
  const ended = runRelay(relay, time.ports, stopped.signal)
  const stop = async (): Promise<void> => {
    stopped.abort()
    await ended
  }
  onTestFinished(stop)
  return { stop }
}

/** A source that tells what the test says, and ends when it says so. */
export function aSource() {
  type Listener = Parameters<Source['listen']>[0]
  let current: { listener: Listener; end: (why: string) => void } | null = null
  const source: Source = {
    what: 'the node',
    listen: (listener, signal) =>
      new Promise((resolve) => {
        const end = (why: string): void => {
          current = null
          resolve({ needsOperator: false, why })
        }
        current = { listener, end }
        signal.addEventListener('abort', () => end('ended by us'))
      }),
  }
  const heard = (): Listener => {
    if (current === null) throw new Error('nobody listens')
    return current.listener
  }
  return {
    source,
    open: () => heard().opened(),
    tell: (event: Parameters<Listener['reported']>[0]) => heard().reported(event),
    end: (why = 'cut') => current?.end(why),
    get listened() {
      return current !== null
    },
  }
}
