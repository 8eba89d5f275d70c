import { Hint } from '../adapters/queue/sender.ts'
import { drive } from '../core/drive/drive.ts'
import { batchHandler } from './batch.ts'
import { policy, ports } from './runtime.ts'

/** Handles the work queue: drives each hinted splice as far as it can go. Only this function commands nodes. */
export const handler = batchHandler(Hint, ({ spliceId }) =>
  drive(spliceId, ports, { policy, mayAct: true, shared: null }),
)
