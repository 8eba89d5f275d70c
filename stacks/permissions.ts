import type { FunctionName } from '../functions/wiring.ts'
import type { Linked } from './links.ts'

type Permission = sst.aws.FunctionPermissionArgs

/** The actions of each function on the table and its indexes. */
const tableActions: Readonly<Record<FunctionName, readonly string[]>> = {
  api: ['GetItem', 'PutItem', 'BatchGetItem', 'Query'],
  work: ['GetItem', 'PutItem', 'BatchGetItem', 'Query'],
  nodeEvents: ['GetItem', 'PutItem', 'BatchGetItem', 'Query'],
  webhooks: ['GetItem', 'PutItem', 'Query'],
  reconcile: ['GetItem', 'PutItem', 'BatchGetItem', 'Query'],
}
const indexQueries: Readonly<Record<FunctionName, readonly string[]>> = {
  api: ['byTenant', 'byChannel'],
  work: [],
  nodeEvents: ['byTenant', 'byChannel'],
  webhooks: [],
  reconcile: ['due', 'byBlock'],
}
const sends: Readonly<Record<FunctionName, readonly (keyof Linked['queues'])[]>> = {
  api: ['work', 'nodeEvents', 'webhooks'],
  work: ['work', 'webhooks'],
  nodeEvents: ['work', 'webhooks'],
  webhooks: ['webhooks'],
  reconcile: ['work', 'webhooks'],
}
const receives: Readonly<Partial<Record<FunctionName, keyof Linked['queues']>>> = {
  work: 'work',
  nodeEvents: 'nodeEvents',
  webhooks: 'webhooks',
}

/** The actions of Lambda on a queue, under the role of the function that it feeds. */
const CONSUMING = ['ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility', 'GetQueueAttributes']

/** The permissions of a function: only its own actions, each only on the resources it needs. */
export function permissionsOf(name: FunctionName, { table, queues }: Linked): Permission[] {
  const received = receives[name]
  const statements = [
    { actions: tableActions[name].map((action) => `dynamodb:${action}`), resources: [table.arn] },
    {
      actions: ['dynamodb:Query'],
      resources: indexQueries[name].map((index) => $interpolate`${table.arn}/index/${index}`),
    },
    { actions: ['sqs:SendMessage'], resources: sends[name].map((queue) => queues[queue].queue.arn) },
    {
      actions: CONSUMING.map((action) => `sqs:${action}`),
      resources: received === undefined ? [] : [queues[received].queue.arn],
    },
  ]
  return statements.filter(({ resources }) => resources.length > 0)
}
