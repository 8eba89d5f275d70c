import { once } from 'node:events'
import { Worker, parentPort, workerData } from 'node:worker_threads'
import * as z from 'zod'

/** A part of the product that runs, and what others need to know of it. */
export type Part<T> = { readonly says: T; stop(): Promise<unknown> }

/**
 * Starts a script of this folder in a thread of its own, so that its work does not hold up the API's. Throws what the script
 * throws before it says that it is up; what it throws later ends the process.
 */
export async function startThread<T>(script: string, given: unknown, schema: z.ZodType<T>): Promise<Part<T>> {
  const worker = new Worker(new URL(script, import.meta.url), { workerData: given })
  const ended = Promise.withResolvers<undefined>()
  worker.once('exit', () => ended.resolve(undefined))
  const [says] = z.tuple([z.unknown()]).parse(await once(worker, 'message'))
  return {
    says: schema.parse(says),
    async stop() {
      worker.postMessage('stop')
      await ended.promise
    },
  }
}

/** The script's side: starts a part with what was given, says that it is up, and stops it when it is told to. */
export async function runInThread<G, T>(schema: z.ZodType<G>, start: (given: G) => Promise<Part<T>>): Promise<void> {
  const part = await start(schema.parse(workerData))
  parentPort?.once('message', () => void part.stop().finally(() => process.exit()))
  parentPort?.postMessage(part.says)
}
