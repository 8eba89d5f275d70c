import * as z from 'zod'
import { startEmulators } from './emulators.ts'
import { runInThread } from './thread.ts'

await runInThread(z.object({ path: z.string() }), startEmulators)
