import type { World } from '../../adapters/node/simulated/world.ts'
import type { ConfiguredNode, Ports } from '../../core/ports.ts'
import type { CommandResult } from '../../core/splice.ts'
import { isInjected } from './excuses.ts'
import type { Witness } from './witness.ts'

type Request = { readonly channelId: string; readonly maxFeeRateSatPerKw: number | null }

/**
 * The ports, with the judge looking on: at what a command costs when the node executes it in the same instant (P3: the
 * market cannot have moved), and at alarms that tell of an error nobody injected.
 */
export function overseen(ports: Ports, world: World, witness: Witness): Ports {
  const nodes = [...ports.nodes].map(([name, node]) => [name, priced(node, world, witness)] as const)
  return {
    ...ports,
    nodes: new Map(nodes),
    telemetry: {
      ...ports.telemetry,
      alarm: (message, fields) => {
        const { error } = fields
        if (typeof error === 'string' && !isInjected(error))
          witness.accuse('nothing crashes', `${message}: ${error}`)
        ports.telemetry.alarm(message, fields)
      },
    },
  }
}

function priced(node: ConfiguredNode, world: World, witness: Witness): ConfiguredNode {
  const { port } = node
  const watch = async (request: Request, send: () => Promise<CommandResult>): Promise<CommandResult> => {
    const first = world.journal.entries.length
    const answer = await send()
    const queued = world.journal.entries
      .slice(first)
      .filter(({ type, channelId }) => type === 'contribution_queued' && channelId === request.channelId)
    for (const { detail } of queued) {
      const rate = Number(detail['feeRateSatPerKw'])
      if (rate > (request.maxFeeRateSatPerKw ?? Infinity))
        witness.accuse('under the fee ceiling', `${rate} sat/kw over ${request.maxFeeRateSatPerKw}`)
    }
    return answer
  }
  return {
    ...node,
    port: {
      ...port,
      submit: (request, call) => watch(request, () => port.submit(request, call)),
      bump: (request, call) => watch(request, () => port.bump(request, call)),
    },
  }
}
