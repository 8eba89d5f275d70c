import * as z from 'zod'

/** What a process is asked to put by itself. */
export const PutsWanted = z.object({ clients: z.int().positive(), count: z.int().positive() })

/** How long each of some requests took, and all of them together. */
export const Timing = z.object({ latenciesMs: z.array(z.number()), totalMs: z.number() })
export type Timing = z.infer<typeof Timing>

/** The id of a channel by its number. */
export function channelIdOf(n: number): string {
  return n.toString(16).padStart(64, '0')
}

/** An order that is nobody's duplicate: the `serial`th, on the `n`th channel. */
export function orderOf(secret: string, n: number, serial: number) {
  return {
    method: 'POST' as const,
    headers: {
      Authorization: `Bearer ${secret}`,
      'Idempotency-Key': `order ${serial}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({
      node: 'alice',
      channel: channelIdOf(n),
      kind: 'splice_out',
      amountSats: 10_000 + serial,
      address: 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080',
    }),
  }
}

/** Makes `count` requests, `clients` at a time, each as soon as the one before it is answered. */
export async function inParallel(
  clients: number,
  count: number,
  request: (n: number, client: number) => Promise<void>,
): Promise<Timing> {
  const latenciesMs: number[] = []
  let next = 0
  const startedAt = performance.now()
  const work = async (client: number): Promise<void> => {
    while (next < count) {
      const n = next++
      const before = performance.now()
      await request(n, client)
      latenciesMs.push(performance.now() - before)
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, client) => work(client)))
  return { latenciesMs, totalMs: performance.now() - startedAt }
}
