import * as z from 'zod'
import { RequestFault } from '../../simulator/world/world.ts'
import { LocalError } from '../problem.ts'
import { command } from './command.ts'

const Milliseconds = z.coerce.number().int().nonnegative().max(86_400_000)
const FaultName = z.enum(['lose_reply', 'drop', 'late', 'refuse', 'down', 'unauthenticated'])
const Always = z.literal('always')

function faultOf(fault: z.infer<typeof FaultName>, value: number | undefined): RequestFault {
  const parsed = RequestFault.safeParse({ type: fault, ms: value, status: value })
  if (parsed.success) return parsed.data
  throw new LocalError(fault === 'late' ? 'late: needs milliseconds' : 'refuse: needs a gRPC status')
}

/** Commands for the node and its peer. */
export const nodeCommands = {
  'restart-node': command(
    'restart-node',
    "ends the node's process and starts it again: what was only in memory is lost",
    {},
    (_, live) => {
      live.change(() => live.node.restart())
      return { processStartedAt: new Date(live.node.processStartedAt).toISOString() }
    },
  ),
  'disconnect-peer': command(
    'disconnect-peer [ms]',
    'disconnect the peer, until connect-peer or for this time',
    { ms: Milliseconds.optional() },
    ({ ms }, live) => {
      live.change(() => live.node.disconnectPeer(ms === undefined ? {} : { returnsAfterMs: ms }))
      return { peer: 'away' }
    },
  ),
  'connect-peer': command('connect-peer', 'reconnect the peer', {}, (_, live) => {
    live.change(() => live.node.connectPeer())
    return { peer: 'connected' }
  }),
  quiescence: command(
    'quiescence <ms>',
    'set how long a channel takes to become quiescent before a round (default 200)',
    { ms: Milliseconds },
    ({ ms }, live) => {
      live.change((world) => world.setPhases({ quiescenceMs: ms }))
      return { quiescenceMs: ms }
    },
  ),
  fault: command(
    'fault lose_reply | drop | late <ms> | refuse <grpc status> | down | unauthenticated  [always]',
    'disturb the next splice request or fee bump, or every one with always; down and unauthenticated affect all calls',
    {
      fault: FaultName,
      value: z.union([Always, z.coerce.number().int().nonnegative()]).optional(),
      mode: Always.optional(),
    },
    ({ fault, value, mode: last }, live) => {
      const request = faultOf(fault, value === 'always' ? undefined : value)
      const mode = value === 'always' ? value : (last ?? 'once')
      live.change(() => live.node.fault(request, mode))
      return { fault: request, mode }
    },
  ),
  'lift-faults': command('lift-faults', 'end all faults', {}, (_, live) => {
    live.change(() => live.node.liftFaults())
    return { faults: 0 }
  }),
}
