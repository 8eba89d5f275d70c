import type { BumpRequest, SubmitRequest } from '../../core/ports/node.ts'
import type { ConfiguredNode, Ports } from '../../core/ports/ports.ts'
import type { CommandResult } from '../../core/splice/splice.ts'
import { isInjected } from './excuses.ts'
import { allAttempts, brokenByAct } from './laws-of-acts.ts'
import type { Stage } from './stage.ts'

type Request = SubmitRequest | BumpRequest

/**
 * The ports, with the judge looking on: at every command just before it is sent (journal, then act), at what it costs when
 * the node executes it in the same instant (P3: the market cannot have moved), and at alarms that tell of an error nobody
 * injected.
 */
export function overseen(ports: Ports, stage: Stage): Ports {
  const nodes = [...ports.nodes].map(([name, node]) => [name, commanded(node, stage)] as const)
  return {
    ...ports,
    nodes: new Map(nodes),
    telemetry: {
      ...ports.telemetry,
      alarm: (message, fields) => {
        const { error } = fields
        if (typeof error === 'string' && !isInjected(error))
          stage.witness.accuse('nothing crashes', `${message}: ${error}`)
        ports.telemetry.alarm(message, fields)
      },
    },
  }
}

function commanded(node: ConfiguredNode, stage: Stage): ConfiguredNode {
  const { port } = node
  const watch = async (request: Request, send: () => Promise<CommandResult>): Promise<CommandResult> => {
    judgeAct(request, stage)
    const first = stage.world.journal.entries.length
    stage.memory.commanded.add(request.attemptId)
    const answer = await send()
    if (answer.type !== 'unknown') stage.memory.answered.add(request.attemptId)
    judgePrice(request, first, stage)
    return answer
  }
  return {
    ...node,
    port: {
      ...port,
      submit: (request, call, journal) => watch(request, () => port.submit(request, call, journal)),
      bump: (request, call, journal) => watch(request, () => port.bump(request, call, journal)),
    },
  }
}

function judgeAct(request: Request, stage: Stage): void {
  const { keeper, posted, witness } = stage
  const splices = posted.flatMap(({ id }) => witness.splice(id) ?? [])
  const splice = splices.find((candidate) => allAttempts(candidate).some(({ id }) => id === request.attemptId))
  const now = keeper.ports.clock.now()
  for (const { law, detail } of brokenByAct({ request, splice: splice ?? null, now, stage }))
    witness.accuse(law, detail)
}

function judgePrice({ channelId, maxFeeRateSatPerKw }: Request, first: number, { world, witness }: Stage): void {
  const queued = world.journal.entries
    .slice(first)
    .filter((entry) => entry.type === 'contribution_queued' && entry.channelId === channelId)
  for (const { detail } of queued) {
    const rate = Number(detail['feeRateSatPerKw'])
    if (rate > (maxFeeRateSatPerKw ?? Infinity))
      witness.accuse('under the fee ceiling', `${rate} sat/kw over ${maxFeeRateSatPerKw}`)
  }
}
