import type { ChainFault } from '../../core/chain.ts'
import { err } from '../../core/result.ts'

/** A fault: the source gave no answer that counts. */
export const unreachable = (message: string): { readonly ok: false; readonly error: ChainFault } =>
  err({ class: 'unreachable', message })

/** The whole body as text; null if it is too large. */
export async function textOf(body: AsyncIterable<unknown>, maxBytes: number): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) return null
    bytes += chunk.length
    if (bytes > maxBytes) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The code of an error of undici or of a socket; texts may hold addresses. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'failed'
}
