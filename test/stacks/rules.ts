import * as z from 'zod'
import { all, named, statementsOf, trustOf, type Resource, type Topology } from './topology.ts'

const DEAD_LETTER_SECONDS = 14 * 86_400
const VISIBILITY_TIMES = 6
const LOG_DAYS = 30

const Redrive = z.object({ deadLetterTargetArn: z.string(), maxReceiveCount: z.int().positive() })

/** What is wrong with a stage, in words; nothing: the rule holds. */
export type Rule = (topology: Topology) => string[]

const redriveOf = ({ inputs }: Resource) =>
  inputs['redrivePolicy'] === undefined ? null : Redrive.parse(JSON.parse(z.string().parse(inputs['redrivePolicy'])))

const arnOf = (resource: Resource): unknown => resource.outputs['arn']

/** The queues that functions take from. */
const liveQueues = (topology: Topology) =>
  all(topology, 'queue').flatMap((queue) => {
    const redrive = redriveOf(queue)
    return redrive === null ? [] : [{ queue, redrive }]
  })

const isDeadLetter = (topology: Topology, queue: Resource): boolean =>
  liveQueues(topology).some(({ redrive }) => redrive.deadLetterTargetArn === arnOf(queue))

const mappingsOf = (topology: Topology, queue: Resource): Resource[] =>
  all(topology, 'mapping').filter(({ inputs }) => inputs['eventSourceArn'] === arnOf(queue))

const wrong = (resources: readonly Resource[], isWrong: (resource: Resource) => boolean): string[] =>
  resources.filter(isWrong).map(({ name }) => name)

/** A log group's streams can only be named by a pattern. */
const isOwnLog = (action: string, resource: string, logs: readonly unknown[]): boolean =>
  action.startsWith('logs:') && logs.some((log) => resource === `${String(log)}:*`)

/** What must hold for all resources of every stage. */
export const rules: Readonly<Record<string, Rule>> = {
  'every queue is redriven to a dead-letter queue of its own, or is one': (topology) => {
    const targets = liveQueues(topology).map(({ redrive }) => redrive.deadLetterTargetArn)
    return wrong(all(topology, 'queue'), (queue) =>
      redriveOf(queue) === null
        ? targets.filter((target) => target === arnOf(queue)).length !== 1
        : isDeadLetter(topology, queue),
    )
  },
  'a dead-letter queue is of the same kind, and keeps its messages for two weeks': (topology) =>
    liveQueues(topology).flatMap(({ queue, redrive }) => {
      const notExecuted = named(topology, 'queue', redrive.deadLetterTargetArn)
      const isFit =
        notExecuted.inputs['fifoQueue'] === queue.inputs['fifoQueue'] &&
        notExecuted.inputs['messageRetentionSeconds'] === DEAD_LETTER_SECONDS
      return isFit ? [] : [notExecuted.name]
    }),
  'an alarm goes off at the first dead letter': (topology) =>
    wrong(
      all(topology, 'queue').filter((queue) => isDeadLetter(topology, queue)),
      (queue) =>
        !all(topology, 'alarm').some(
          ({ inputs }) =>
            z.record(z.string(), z.unknown()).parse(inputs['dimensions'])['QueueName'] === queue.outputs['name'] &&
            inputs['metricName'] === 'ApproximateNumberOfMessagesVisible' &&
            inputs['comparisonOperator'] === 'GreaterThanThreshold' &&
            inputs['threshold'] === 0,
        ),
    ),
  'a queue hides a message for six times as long as its function may run': (topology) =>
    liveQueues(topology).flatMap(({ queue }) =>
      mappingsOf(topology, queue).flatMap((mapping) => {
        const { inputs } = named(topology, 'function', mapping.inputs['functionName'])
        const visibility = Number(queue.inputs['visibilityTimeoutSeconds'])
        return visibility >= VISIBILITY_TIMES * Number(inputs['timeout']) ? [] : [queue.name]
      }),
    ),
  'a queue feeds one function, which answers for each message by itself': (topology) =>
    wrong(
      liveQueues(topology).map(({ queue }) => queue),
      (queue) => {
        const [mapping, ...more] = mappingsOf(topology, queue)
        const types = z.array(z.string()).parse(mapping?.inputs['functionResponseTypes'] ?? [])
        return mapping === undefined || more.length > 0 || !types.includes('ReportBatchItemFailures')
      },
    ),
  'no more batches run at once than their function has room for': (topology) =>
    wrong(all(topology, 'mapping'), ({ inputs }) => {
      const { maximumConcurrency } = z.object({ maximumConcurrency: z.int() }).parse(inputs['scalingConfig'])
      const reserved = named(topology, 'function', inputs['functionName']).inputs['reservedConcurrentExecutions']
      return maximumConcurrency > Number(reserved ?? maximumConcurrency)
    }),
  'messages are encrypted where they rest': (topology) =>
    wrong(all(topology, 'queue'), ({ inputs }) => inputs['sqsManagedSseEnabled'] !== true),
  'every table can be restored to any second, and forgets nothing by itself': (topology) =>
    wrong(all(topology, 'table'), ({ inputs }) => {
      const recovery = z.object({ enabled: z.boolean() }).parse(inputs['pointInTimeRecovery'])
      return !recovery.enabled || inputs['ttl'] !== undefined
    }),
  'roles name the actions and resources that they use': (topology) => {
    const logs = all(topology, 'logGroup').map(arnOf)
    return all(topology, 'role').flatMap((role) =>
      statementsOf(role).flatMap(({ Action, Resource }) =>
        Action.flatMap((action) =>
          Resource.filter(
            (resource) => action.includes('*') || (resource.includes('*') && !isOwnLog(action, resource, logs)),
          ).map((resource) => `${role.name}: ${action} on ${resource}`),
        ),
      ),
    )
  },
  'roles have no policy but their own': (topology) =>
    wrong(
      all(topology, 'role'),
      ({ inputs }) => z.array(z.unknown()).parse(inputs['managedPolicyArns'] ?? []).length > 0,
    ),
  'roles trust the service that takes them, and no account': (topology) =>
    wrong(
      all(topology, 'role'),
      (role) => !trustOf(role).includes('.amazonaws.com') || /"AWS"|:root/.test(trustOf(role)),
    ),
  'every function logs to a group of its own, in JSON': (topology) => {
    const groups = all(topology, 'function').map(({ inputs }) =>
      z.object({ logFormat: z.string(), logGroup: z.string() }).parse(inputs['loggingConfig']),
    )
    return groups
      .filter(
        ({ logFormat, logGroup }) =>
          logFormat !== 'JSON' || groups.filter((other) => other.logGroup === logGroup).length > 1,
      )
      .map(({ logGroup }) => logGroup)
  },
  'logs are kept for a month': (topology) =>
    wrong(all(topology, 'logGroup'), ({ inputs }) => inputs['retentionInDays'] !== LOG_DAYS),
  'functions run on Node 24 and arm64, without X-Ray': (topology) =>
    wrong(
      all(topology, 'function'),
      ({ inputs }) =>
        inputs['runtime'] !== 'nodejs24.x' ||
        JSON.stringify(inputs['architectures']) !== '["arm64"]' ||
        inputs['tracingConfig'] !== undefined,
    ),
  'a sweep that could not start in time is not started late': (topology) => {
    const swept = all(topology, 'schedule').map(
      ({ inputs }) => z.object({ arn: z.string() }).parse(inputs['target']).arn,
    )
    return swept.filter((arn) => {
      const { outputs } = named(topology, 'function', arn)
      const config = all(topology, 'invokeConfig').find(({ inputs }) => inputs['functionName'] === outputs['name'])
      return config?.inputs['maximumRetryAttempts'] !== 0 || config.inputs['maximumEventAgeInSeconds'] !== 60
    })
  },
  'alarms tell the topic that they went off, and that it is over': (topology) => {
    const topics = all(topology, 'topic').map(arnOf)
    return wrong(all(topology, 'alarm'), ({ inputs }) =>
      ['alarmActions', 'okActions'].some(
        (action) =>
          !z
            .array(z.unknown())
            .parse(inputs[action] ?? [])
            .some((target) => topics.includes(target)),
      ),
    )
  },
  'the API is throttled, logged, and closed to the pages of others': (topology) => {
    const open = wrong(all(topology, 'api'), ({ inputs }) => JSON.stringify(inputs['corsConfiguration'] ?? {}) !== '{}')
    const loose = wrong(all(topology, 'apiStage'), ({ inputs }) => {
      const settings = z
        .object({ throttlingBurstLimit: z.int().positive(), throttlingRateLimit: z.int().positive() })
        .safeParse(inputs['defaultRouteSettings'])
      return !settings.success || inputs['accessLogSettings'] === undefined
    })
    return [...open, ...loose]
  },
}
