import { constants, setPriority } from 'node:os'
import { ConsumersGiven, startConsumers } from './consumers.ts'
import { runInThread } from './thread.ts'

// Orders are answered first, what they ask for is done after. Only on Linux a priority is that of a thread.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
await runInThread(ConsumersGiven, startConsumers)
