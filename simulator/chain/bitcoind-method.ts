import * as z from 'zod'
import type { ChainFault } from '../../core/ports/chain.ts'
import type { Call, ChainPort } from '../../core/ports/ports.ts'
import type { Result } from '../../core/values/result.ts'
import type { SimulatedChain } from '../world/steering.ts'

const SATS_PER_BTC = 100_000_000
const INVALID_TYPE = -3
/** No such block, transaction or entry of the mempool. */
export const NOT_FOUND = -5

/** An error of Bitcoin Core's JSON-RPC, with the code that it has there (`src/rpc/protocol.h`). */
export class ChainRpcError extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** The chain source behind the methods gave no answer. */
export class NoChain extends Error {}

/** A view of a simulated chain, and the chain itself for the bytes of its blocks. */
export type ChainBehind = { readonly source: ChainPort; readonly chain: SimulatedChain }

/** A method of the JSON-RPC. */
export type Method = (params: readonly unknown[], call: Call) => Promise<unknown>

/** What the chain source answered; throws {@link NoChain} where it did not. */
export function valueOf<T>(answer: Result<T, ChainFault>): T {
  if (!answer.ok) throw new NoChain(answer.error.message)
  return answer.value
}

/** An amount as Bitcoin Core writes it. */
export const bitcoin = (sats: number): number => sats / SATS_PER_BTC
/** The index of an output. */
export const vouts = z.int().nonnegative().max(0x7fffffff)

/** A method that takes exactly what its schema says. */
export function method<T extends readonly unknown[]>(
  schema: z.ZodType<T>,
  run: (params: T, call: Call) => Promise<unknown>,
): Method {
  return async (params, call) => {
    const given = schema.safeParse(params)
    if (!given.success) throw new ChainRpcError(INVALID_TYPE, 'JSON value of another type is expected')
    return run(given.data, call)
  }
}
