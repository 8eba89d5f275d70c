import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import * as z from 'zod'
import { errorFields } from '../adapters/log/telemetry.ts'
import { type Invocation, ports, within } from './runtime.ts'

/** A handler of an SQS queue whose failed records alone are received again. */
export type BatchHandler = (event: SQSEvent, invocation: Invocation) => Promise<SQSBatchResponse>

/** Takes each record of a batch by itself: the body is parsed, then worked on. */
export function batchHandler<T>(schema: z.ZodType<T>, take: (message: T) => Promise<unknown>): BatchHandler {
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
      processPartialResponse(event, takeRecord, new BatchProcessor(EventType.SQS), {
        throwOnFullBatchFailure: false,
      }),
    )
}
