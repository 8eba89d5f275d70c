import * as z from 'zod'
import { StoreUnavailable } from '../../core/ports/store-unavailable.ts'
import type { Rows } from './rows.ts'

/** What the SDK throws when DynamoDB is slow, throttles or fails, after the SDK's own retries. */
const NAMES: ReadonlySet<string> = new Set([
  'InternalServerError',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestTimeout',
  'RequestTimeoutException',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TimeoutError',
  'TooManyRequestsException',
])
/** What the operating system says when there is no connection, or none any more. */
const CODES: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])
/** Answers with these statuses come from a database, or a proxy before it, that cannot answer. */
const FIRST_SERVER_STATUS = 500

const Fault = z.object({
  name: z.string(),
  message: z.string(),
  code: z.string().optional().catch(undefined),
  $metadata: z.object({ httpStatusCode: z.number().optional() }).optional().catch(undefined),
})

/** The error as {@link StoreUnavailable} if the database could not be reached or is overloaded; any other one as it is. */
export function withReach(error: unknown): unknown {
  const fault = Fault.safeParse(error)
  if (!fault.success) return error
  const { name, message, code = '', $metadata } = fault.data
  const failed = ($metadata?.httpStatusCode ?? 0) >= FIRST_SERVER_STATUS
  const away = NAMES.has(name) || CODES.has(code) || failed
  return away ? new StoreUnavailable(NAMES.has(name) || code === '' ? name : code, message, { cause: error }) : error
}

/** Rows that throw {@link StoreUnavailable} where the database could not be reached or is overloaded. */
export function reachable(rows: Rows): Rows {
  const told = async <T>(asked: Promise<T>): Promise<T> => {
    try {
      return await asked
    } catch (error) {
      throw withReach(error)
    }
  }
  return {
    get: (key) => told(rows.get(key)),
    getMany: (keys) => told(rows.getMany(keys)),
    put: (row, condition) => told(rows.put(row, condition)),
    slice: (query) => told(rows.slice(query)),
    list: (query) => told(rows.list(query)),
  }
}
