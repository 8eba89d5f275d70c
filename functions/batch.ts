import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import * as z from 'zod'
import { errorFields } from '../adapters/log/telemetry.ts'
import { type Invocation, ports, within } from './runtime.ts'

/** A handler of an SQS queue whose failed records alone are received again. */
export type BatchHandler = (event: SQSEvent, invocation: Invocation) => Promise<SQSBatchResponse>

/**
 * Takes each record of a batch by itself: the body is parsed, then worked on; side by side, or one after the other where all
 * of them write the same item.
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
      processPartialResponse(
        event,
        inTurn ? oneByOne(takeRecord) : takeRecord,
        new BatchProcessor(EventType.SQS),
        { throwOnFullBatchFailure: false },
      ),
    )
}

/** The same, each call begun when the one before has ended, well or not. */
function oneByOne<A>(act: (argument: A) => Promise<void>): (argument: A) => Promise<void> {
  let last = Promise.resolve()
  return (argument) => {
    const turn = last.then(() => act(argument))
    last = turn.catch(() => undefined)
    return turn
  }
}
