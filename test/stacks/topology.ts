import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as z from 'zod'

const EVALUATION = fileURLToPath(new URL('evaluation.mjs', import.meta.url))
const UNPACK = fileURLToPath(new URL('../../stacks/unpack.mjs', import.meta.url))
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

const Fields = z.record(z.string(), z.unknown())

/** A resource that a deployment would register: what it is asked to be, and what AWS would answer. */
const Resource = z.object({
  type: z.string(),
  name: z.string(),
  inputs: Fields,
  outputs: Fields,
  retainOnDelete: z.boolean().default(false),
})
export type Resource = z.infer<typeof Resource>

/** Everything that a deployment of a stage would make. */
const Topology = z.object({
  app: z.object({ name: z.string(), removal: z.string(), protect: z.boolean() }),
  functions: z.array(
    z.object({
      name: z.string(),
      handler: z.string(),
      links: z.array(z.string()),
      /** What lies beside its bundle. */
      files: z.array(z.string()),
    }),
  ),
  resources: z.array(Resource),
})
export type Topology = z.infer<typeof Topology>

const run = promisify(execFile)

/** Evaluates a stage. Throws what the evaluation printed where the stacks are wrong. */
export async function evaluate(stage: string, environment: Readonly<Record<string, string>> = {}): Promise<Topology> {
  await run(process.execPath, [UNPACK])
  const { stdout } = await run(process.execPath, [EVALUATION, stage], {
    maxBuffer: MAX_OUTPUT_BYTES,
    env: { ...process.env, ...environment },
  })
  return Topology.parse(JSON.parse(stdout))
}

/** Types of resources, as Pulumi calls them. */
export const TYPES = {
  alarm: 'aws:cloudwatch/metricAlarm:MetricAlarm',
  api: 'aws:apigatewayv2/api:Api',
  apiStage: 'aws:apigatewayv2/stage:Stage',
  dashboard: 'aws:cloudwatch/dashboard:Dashboard',
  function: 'aws:lambda/function:Function',
  invokeConfig: 'aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig',
  logGroup: 'aws:cloudwatch/logGroup:LogGroup',
  mapping: 'aws:lambda/eventSourceMapping:EventSourceMapping',
  queue: 'aws:sqs/queue:Queue',
  role: 'aws:iam/role:Role',
  route: 'aws:apigatewayv2/route:Route',
  schedule: 'aws:scheduler/schedule:Schedule',
  subscription: 'aws:sns/topicSubscription:TopicSubscription',
  table: 'aws:dynamodb/table:Table',
  topic: 'aws:sns/topic:Topic',
} as const

/** All resources of a type. */
export function all({ resources }: Topology, type: keyof typeof TYPES): Resource[] {
  return resources.filter((resource) => resource.type === TYPES[type])
}

/** The resource of a type that AWS would call so. Throws where there is none, or more. */
export function named(topology: Topology, type: keyof typeof TYPES, physical: unknown): Resource {
  const found = all(topology, type).filter(({ outputs }) => outputs['arn'] === physical || outputs['name'] === physical)
  const [first, second] = found
  if (first === undefined || second !== undefined) throw new Error(`${found.length} of ${type} ${String(physical)}`)
  return first
}

const Statement = z.object({ Effect: z.string(), Action: z.array(z.string()), Resource: z.array(z.string()) })
export type Statement = z.infer<typeof Statement>

/** What a role may do, by its own policies. */
export function statementsOf(role: Resource): Statement[] {
  const policies = z.array(z.object({ policy: z.string() })).parse(role.inputs['inlinePolicies'] ?? [])
  return policies.flatMap(
    ({ policy }) => z.object({ Statement: z.array(Statement) }).parse(JSON.parse(policy)).Statement,
  )
}

/** Who may take a role: the text of its trust policy, however it was given. */
export function trustOf({ inputs }: Resource): string {
  const policy = inputs['assumeRolePolicy']
  return typeof policy === 'string' ? policy : JSON.stringify(policy)
}
