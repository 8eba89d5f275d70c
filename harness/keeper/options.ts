import type { QueueHooks } from '../../adapters/queue/memory.ts'
import type { Hint } from '../../adapters/queue/sender.ts'
import type { MemoryHooks } from '../../adapters/store/memory.ts'
import type { NodeEventMessage } from '../../core/nodes/relay-event.ts'
import type { NodePort, Ports } from '../../core/ports/ports.ts'
import type { Policy } from '../../core/splice/policy.ts'
import type { NodeOptions, World } from '../../simulator/world/world.ts'

export type KeeperOptions = {
  readonly seed?: string
  readonly node?: Partial<NodeOptions>
  readonly policy?: Partial<Policy>
  readonly world?: World
  readonly hooks?: MemoryHooks
  readonly queueHooks?: QueueHooks<Hint>
  readonly eventHooks?: QueueHooks<NodeEventMessage>
  /** How many messages are received at a time; default 10. */
  readonly batch?: number
  /** Time between sweeps; default a minute. */
  readonly sweepMs?: number
  readonly relay?: boolean
  readonly generation?: number
  readonly overlapGuard?: boolean
  readonly quietAbsenceMs?: number | null
  /** The node behind another adapter than ldk's, made for the world that is given. */
  readonly port?: NodePort
  /** Wraps every port, for crashes at any of their calls. */
  readonly wrap?: (ports: Ports) => Ports
  /** A handler died: what starts the next process. */
  readonly onCrash?: () => void
  /** What runs each handler: a process of its own. */
  readonly invoke?: <T>(handler: () => Promise<T>) => Promise<T>
  /** Whether the messages of a batch are worked on at the same time; default: one after the other. */
  readonly sideBySide?: boolean
  /** How often a message is received before it is a dead letter; default 50. */
  readonly maxReceives?: number
}
