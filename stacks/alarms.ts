import { wiring, type FunctionName, type QueueName } from '../functions/wiring.ts'
import type { Functions } from './functions.ts'
import { type QueuePair, queueTitles } from './queues.ts'
import type { DeploySettings } from './settings.ts'

/** The runbook. It has a section for each alarm, under the alarm's name. */
const RUNBOOK = 'docs/operations.md'
const SERVICE = 'splicekeeper'

type Watched = {
  readonly queues: Readonly<Record<QueueName, QueuePair>>
  readonly functions: Functions
  readonly settings: DeploySettings
}

/** An alarm on a metric that goes above or below its threshold. */
type Alarm = {
  readonly name: string
  readonly description: string
  readonly namespace: string
  readonly metric: string
  readonly dimensions: Readonly<Record<string, $util.Input<string>>>
  readonly statistic: 'Sum' | 'Maximum' | 'SampleCount'
  readonly periodSeconds: number
  /** How many periods in a row. */
  readonly periods: number
  readonly above?: number
  readonly below?: number
}

/** If messages wait longer than this, their function does not run or keeps failing. */
const OLDEST_MESSAGE_SECONDS = 900

function queueAlarms({ queues }: Watched): Alarm[] {
  return (['work', 'nodeEvents', 'webhooks'] as const).flatMap((name) => {
    const title = queueTitles[name]
    const { queue, deadLetters } = queues[name]
    const common = { namespace: 'AWS/SQS', statistic: 'Maximum', periodSeconds: 60, periods: 1 } as const
    return [
      {
        ...common,
        name: `${title}DeadLetters`,
        description: `a message failed ${wiring.queues[name].maxReceives} times`,
        metric: 'ApproximateNumberOfMessagesVisible',
        dimensions: { QueueName: deadLetters.nodes.queue.name },
        above: 0,
      },
      {
        ...common,
        name: `${title}OldestMessage`,
        description: 'a message has waited for more than 15 minutes',
        metric: 'ApproximateAgeOfOldestMessage',
        dimensions: { QueueName: queue.nodes.queue.name },
        periods: 5,
        above: OLDEST_MESSAGE_SECONDS,
      },
    ]
  })
}

function functionAlarms({ functions }: Watched): Alarm[] {
  const titles: Readonly<Record<FunctionName, string>> = {
    api: 'Api',
    work: 'Work',
    nodeEvents: 'NodeEvents',
    webhooks: 'Webhooks',
    reconcile: 'Reconcile',
  }
  return (['api', 'work', 'nodeEvents', 'webhooks', 'reconcile'] as const).map((name) => ({
    name: `${titles[name]}Errors`,
    description: `the function ${name} fails: it throws or times out`,
    namespace: 'AWS/Lambda',
    metric: 'Errors',
    dimensions: { FunctionName: functions[name].name },
    statistic: 'Sum',
    periodSeconds: 300,
    periods: 2,
    above: 0,
  }))
}

/** Alarms on the functions' own metrics, counted in core/drive, core/sweep and core/nodes/node-state.ts. */
function serviceAlarms({ settings }: Watched): Alarm[] {
  const counted = (name: string, description: string, metric: string): Alarm => ({
    name,
    description,
    metric,
    namespace: settings.metrics,
    dimensions: { service: SERVICE },
    statistic: 'Sum',
    periodSeconds: 300,
    periods: 1,
    above: 0,
  })
  return [
    counted('NeedsAttention', 'a splice needs attention', 'decision.attended'),
    counted('LongUnknown', 'the outcome of an attempt has been unknown for an hour', 'splice.long_unknown'),
    counted('BudgetSpent', 'a splice has used up its attempts', 'decision.budget_spent'),
    counted('NodeRefusesUs', 'a node refuses our credentials, or is not the configured node', 'look.config'),
    { ...counted('NodeUnreachable', 'a node does not answer', 'look.unreachable'), periods: 3 },
    counted('AlarmLogged', 'a log line needs a person to read it', 'alarm'),
    {
      ...counted('SweepNotRun', 'no sweep has completed for five minutes', 'sweep.due'),
      statistic: 'SampleCount',
      above: undefined,
      below: 1,
    },
  ]
}

/** Creates the alarms, which all notify one topic. docs/operations.md tells what to do about each. */
export function createAlarms(watched: Watched): void {
  const topic = new sst.aws.SnsTopic('Alarms')
  const { alarmEmail } = watched.settings
  if (alarmEmail !== null)
    new aws.sns.TopicSubscription('AlarmsByEmail', {
      topic: topic.arn,
      protocol: 'email',
      endpoint: alarmEmail,
    })
  const alarms = [...queueAlarms(watched), ...functionAlarms(watched), ...serviceAlarms(watched)]
  for (const alarm of alarms) {
    new aws.cloudwatch.MetricAlarm(alarm.name, {
      name: `${$app.name}-${$app.stage}-${alarm.name}`,
      alarmDescription: `${alarm.description}: ${RUNBOOK}, "${alarm.name}"`,
      namespace: alarm.namespace,
      metricName: alarm.metric,
      dimensions: alarm.dimensions,
      statistic: alarm.statistic,
      period: alarm.periodSeconds,
      evaluationPeriods: alarm.periods,
      threshold: alarm.below ?? alarm.above ?? 0,
      comparisonOperator: alarm.below === undefined ? 'GreaterThanThreshold' : 'LessThanThreshold',
      treatMissingData: alarm.below === undefined ? 'notBreaching' : 'breaching',
      alarmActions: [topic.arn],
      okActions: [topic.arn],
    })
  }
}
