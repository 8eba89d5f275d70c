import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import * as z from 'zod'
import { errorFields } from '../adapters/log/telemetry.ts'
import { type Invocation, ports, within } from './runtime.ts'

/** A handler of an SQS queue. SQS delivers only the failed records again. */
export type BatchHandler = (event: SQSEvent, invocation: Invocation) => Promise<SQSBatchResponse>

/**
 * Parses each record of a batch and passes it to `take`. A failed record does not affect the others. Records
 * run concurrently; set `inTurn` to run them one after another when they all write the same item.
 */
export function batchHandler<T>(
  schema: z.ZodType<T>,
  take: (message: T) => Promise<unknown>,
  { inTurn = false } = {},
): BatchHandler {
  const takeRecord = async (record: SQSRecord): Promise<void> => {
    try {
      await take(schema.parse(JSON.parse(record.body)))
    } catch (error) {
      ports.telemetry.alarm('a message failed', { messageId: record.messageId, ...errorFields(error) })
      throw error
    }
  }
  return (event, invocation) =>
    within(invocation, () =>
      processPartialResponse(event, inTurn ? oneByOne(takeRecord) : takeRecord, new BatchProcessor(EventType.SQS), {
        throwOnFullBatchFailure: false,
      }),
    )
}

/** Makes calls wait for each other: each starts once the one before has succeeded or failed. */
function oneByOne<A>(act: (argument: A) => Promise<void>): (argument: A) => Promise<void> {
  let last = Promise.resolve()
  return (argument) => {
    const turn = last.then(() => act(argument))
    last = turn.catch(() => undefined)
    return turn
  }
}
