import type { FunctionName, QueueName } from '../functions/wiring.ts'
import type { Functions } from './functions.ts'
import type { QueuePair } from './queues.ts'
import type { DeploySettings } from './settings.ts'

const WIDTH = 8
const HEIGHT = 6
const PER_ROW = 3

type Metric = readonly [namespace: string, name: string, ...dimensions: string[]]
type Chart = { readonly title: string; readonly stat: string; readonly metrics: readonly Metric[] }

type Names = {
  readonly table: string
  readonly queues: Readonly<Record<QueueName, string>>
  readonly functions: Readonly<Record<FunctionName, string>>
  readonly metrics: string
}

function chartsOf({ table, queues, functions, metrics }: Names): Chart[] {
  const counted = (...names: string[]): Metric[] => names.map((name) => [metrics, name, 'service', 'splicekeeper'])
  const each = (names: Readonly<Record<string, string>>, namespace: string, metric: string, dimension: string) =>
    Object.values(names).map((name): Metric => [namespace, metric, dimension, name])
  const lambda = (metric: string) => each(functions, 'AWS/Lambda', metric, 'FunctionName')
  const sqs = (metric: string) => each(queues, 'AWS/SQS', metric, 'QueueName')
  return [
    {
      title: 'Splices',
      stat: 'Sum',
      metrics: counted('splice.submitted', 'decision.seen', 'decision.confirm', 'decision.settle'),
    },
    {
      title: 'Trouble',
      stat: 'Sum',
      metrics: counted('decision.attended', 'splice.long_unknown', 'decision.budget_spent', 'alarm'),
    },
    { title: 'Sweep', stat: 'Sum', metrics: counted('sweep.due', 'look.unreachable', 'look.config') },
    {
      title: 'Webhooks',
      stat: 'Sum',
      metrics: counted('webhook.delivered', 'webhook.failed', 'webhook.disabled', 'webhook_hint_failed'),
    },
    { title: 'Messages waiting', stat: 'Maximum', metrics: sqs('ApproximateNumberOfMessagesVisible') },
    { title: 'Oldest message, seconds', stat: 'Maximum', metrics: sqs('ApproximateAgeOfOldestMessage') },
    {
      title: 'Table, capacity units',
      stat: 'Sum',
      metrics: ['ConsumedReadCapacityUnits', 'ConsumedWriteCapacityUnits'].map((name): Metric => [
        'AWS/DynamoDB',
        name,
        'TableName',
        table,
      ]),
    },
    { title: 'Invocations', stat: 'Sum', metrics: lambda('Invocations') },
    { title: 'Errors', stat: 'Sum', metrics: lambda('Errors') },
    { title: 'Duration, 99th percentile, ms', stat: 'p99', metrics: lambda('Duration') },
  ]
}

/** The CloudWatch dashboard: one page with the metrics that matter. */
export function createDashboard(shown: {
  readonly table: sst.aws.Dynamo
  readonly queues: Readonly<Record<QueueName, QueuePair>>
  readonly functions: Functions
  readonly settings: DeploySettings
}): void {
  const { table, queues, functions, settings } = shown
  const names = $resolve({
    table: table.name,
    queues: {
      work: queues.work.queue.nodes.queue.name,
      nodeEvents: queues.nodeEvents.queue.nodes.queue.name,
      webhooks: queues.webhooks.queue.nodes.queue.name,
    },
    functions: {
      api: functions.api.name,
      work: functions.work.name,
      nodeEvents: functions.nodeEvents.name,
      webhooks: functions.webhooks.name,
      reconcile: functions.reconcile.name,
    },
    metrics: settings.metrics,
    region: aws.getRegionOutput().region,
  })
  new aws.cloudwatch.Dashboard('Dashboard', {
    dashboardName: `${$app.name}-${$app.stage}`,
    dashboardBody: names.apply(({ region, ...each }) =>
      JSON.stringify({
        widgets: chartsOf(each).map(({ title, stat, metrics }, n) => ({
          type: 'metric',
          x: (n % PER_ROW) * WIDTH,
          y: Math.floor(n / PER_ROW) * HEIGHT,
          width: WIDTH,
          height: HEIGHT,
          properties: { title, stat, metrics, region, period: 300, view: 'timeSeries' },
        })),
      }),
    ),
  })
}
