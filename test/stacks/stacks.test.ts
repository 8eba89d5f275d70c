import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { tableDefinition } from '../../adapters/store/table.ts'
import { Links } from '../../functions/configuration.ts'
import { wiring } from '../../functions/wiring.ts'
import { rules } from './rules.ts'
import { TYPES, all, evaluate, named, statementsOf, type Resource, type Topology } from './topology.ts'

const UNPACKING_MS = 240_000
const stages = ['test', 'production'] as const
const evaluated = new Map<string, Topology>()

const stage = (name: string): Topology => {
  const topology = evaluated.get(name)
  if (topology === undefined) throw new Error(`${name} was not evaluated`)
  return topology
}

beforeAll(async () => {
  // One after the other: the first one unpacks the components where they are not there yet.
  for (const name of stages) evaluated.set(name, await evaluate(name))
}, UNPACKING_MS)

describe.each(stages)('the stage %s', (name) => {
  test.each(Object.entries(rules))('%s', (_says, rule) => expect(rule(stage(name))).toEqual([]))

  test('has a section of the runbook for every alarm, and no other', () => {
    const runbook = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
    const sections = [...runbook.matchAll(/^### `(\w+)`$/gm)].map(([, section]) => section)
    const alarms = all(stage(name), 'alarm').map((alarm) => alarm.name)
    expect(sections.toSorted()).toEqual(alarms.toSorted())
  })

  test('links every function to what the configuration reads, and to nothing else', () => {
    const read = Object.keys(Links.shape).toSorted()
    for (const { links, name: linked } of stage(name).functions) expect(links.toSorted(), linked).toEqual(read)
  })
})

/** A copy in which one resource is another. */
function bent(type: keyof typeof TYPES, change: Readonly<Record<string, unknown>>, which = ''): Topology {
  const topology = stage('production')
  const [target] = all(topology, type).filter(({ name }) => name.includes(which))
  if (target === undefined) throw new Error(`no ${type} ${which}`)
  const resources = topology.resources.map((each) =>
    each === target ? { ...each, inputs: { ...each.inputs, ...change } } : each,
  )
  return { ...topology, resources }
}

const without = (type: keyof typeof TYPES, which: string): Topology => {
  const topology = stage('production')
  const isGone = (each: Resource): boolean => each.type === TYPES[type] && each.name.includes(which)
  return { ...topology, resources: topology.resources.filter((each) => !isGone(each)) }
}

const policy = (statement: object) => ({
  inlinePolicies: [{ policy: JSON.stringify({ Statement: [{ Effect: 'Allow', ...statement }] }) }],
})

describe('a stage that breaks a rule is told apart', () => {
  const broken: Readonly<Record<string, () => Topology>> = {
    'every queue is redriven to a dead-letter queue of its own, or is one': () =>
      bent('queue', { redrivePolicy: undefined }, 'WorkQueue'),
    'a dead-letter queue is of the same kind, and keeps its messages for two weeks': () =>
      bent('queue', { messageRetentionSeconds: 345_600 }, 'WorkDeadLetters'),
    'an alarm goes off at the first dead letter': () => without('alarm', 'WorkDeadLetters'),
    'a queue hides a message for six times as long as its function may run': () =>
      bent('queue', { visibilityTimeoutSeconds: 60 }, 'WorkQueue'),
    'a queue feeds one function, which answers for each message by itself': () =>
      bent('mapping', { functionResponseTypes: [] }),
    'no more batches run at once than their function has room for': () =>
      bent('mapping', { scalingConfig: { maximumConcurrency: 100 } }),
    'messages are encrypted where they rest': () => bent('queue', { sqsManagedSseEnabled: undefined }),
    'every table can be restored to any second, and forgets nothing by itself': () =>
      bent('table', { ttl: { attributeName: 'dueAt', enabled: true } }),
    'roles name the actions and resources that they use': () =>
      bent('role', policy({ Action: ['dynamodb:GetItem'], Resource: ['*'] })),
    'roles have no policy but their own': () =>
      bent('role', { managedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] }),
    'roles trust the service that takes them, and no account': () =>
      bent('role', {
        assumeRolePolicy: '{"Principal":{"AWS":["arn:aws:iam::1:root"],"Service":"x.amazonaws.com"}}',
      }),
    'every function logs to a group of its own, in JSON': () =>
      bent('function', { loggingConfig: { logFormat: 'Text', logGroup: 'one' } }),
    'logs are kept for a month': () => bent('logGroup', { retentionInDays: 0 }),
    'functions run on Node 24 and arm64, without X-Ray': () => bent('function', { tracingConfig: { mode: 'Active' } }),
    'a sweep that could not start in time is not started late': () => bent('invokeConfig', { maximumRetryAttempts: 2 }),
    'alarms tell the topic that they went off, and that it is over': () => bent('alarm', { okActions: [] }),
    'the API is throttled, logged, and closed to the pages of others': () =>
      bent('api', { corsConfiguration: { allowOrigins: ['*'] } }),
  }

  test('each rule has its breach', () => expect(Object.keys(broken).toSorted()).toEqual(Object.keys(rules).toSorted()))

  test.each(Object.entries(broken))('%s', (name, breach) => expect(rules[name]?.(breach()).length).toBeGreaterThan(0))
})

describe('what is deployed is what runs locally', () => {
  const production = (): Topology => stage('production')
  const builtOf = ({ name }: Resource) => production().functions.find((each) => `${each.name}Function` === name)
  const handlerOf = (resource: Resource) => builtOf(resource)?.handler
  const functionOf = (arn: unknown): string => {
    const handler = handlerOf(named(production(), 'function', arn))
    return Object.entries(wiring.functions).find(([, each]) => each.handler === handler)?.[0] ?? 'none'
  }

  test('functions, with their time, memory, number and the files beside them', () => {
    const deployed = all(production(), 'function').map((each) => ({
      handler: handlerOf(each),
      timeoutSeconds: each.inputs['timeout'],
      memoryMb: each.inputs['memorySize'],
      concurrency: each.inputs['reservedConcurrentExecutions'] ?? null,
      files: builtOf(each)?.files.filter((file) => !file.endsWith('/')),
    }))
    expect(new Set(deployed)).toEqual(new Set(Object.values(wiring.functions).map((each) => ({ files: [], ...each }))))
  })

  test('queues, what they feed, and what becomes of their messages', () => {
    const deployed = all(production(), 'mapping').map(({ inputs }) => {
      const queue = named(production(), 'queue', inputs['eventSourceArn'])
      const redrive = z.object({ maxReceiveCount: z.int() }).parse(JSON.parse(String(queue.inputs['redrivePolicy'])))
      return {
        feeds: functionOf(inputs['functionName']),
        batchSize: inputs['batchSize'],
        visibilitySeconds: queue.inputs['visibilityTimeoutSeconds'],
        maxReceives: redrive.maxReceiveCount,
      }
    })
    const wired = Object.values(wiring.queues).map(({ feeds, batchSize, visibilitySeconds, maxReceives }) => ({
      feeds,
      batchSize,
      visibilitySeconds,
      maxReceives,
    }))
    expect(new Set(deployed)).toEqual(new Set(wired))
  })

  test('schedules', () => {
    const deployed = all(production(), 'schedule').map(({ inputs }) => ({
      feeds: functionOf(z.object({ arn: z.string() }).parse(inputs['target']).arn),
      expression: inputs['scheduleExpression'],
      state: inputs['state'],
    }))
    expect(deployed).toEqual([{ feeds: 'reconcile', expression: 'rate(1 minute)', state: 'ENABLED' }])
    expect(wiring.schedules.reconcile).toEqual({ feeds: 'reconcile', everySeconds: 60 })
  })

  test('routes', () => {
    const deployed = all(production(), 'route').map(({ inputs }) => inputs['routeKey'])
    expect(deployed.toSorted()).toEqual([...wiring.routes.open, ...wiring.routes.guarded].toSorted())
  })

  test('the table and its indexes', () => {
    const [table] = all(production(), 'table')
    const keysOf = (schema: readonly { AttributeName: string }[]) => schema.map(({ AttributeName }) => AttributeName)
    const [hashKey, rangeKey] = keysOf(tableDefinition.KeySchema)
    expect(table?.inputs).toMatchObject({
      billingMode: tableDefinition.BillingMode,
      hashKey,
      rangeKey,
      streamEnabled: false,
      localSecondaryIndexes: [],
      attributes: tableDefinition.AttributeDefinitions.map(({ AttributeName: name, AttributeType: type }) => ({
        name,
        type,
      })),
      globalSecondaryIndexes: tableDefinition.GlobalSecondaryIndexes.map(({ IndexName: name, KeySchema }) => {
        const [partition, sort] = keysOf(KeySchema)
        return { name, hashKey: partition, rangeKey: sort, projectionType: 'KEYS_ONLY' }
      }),
    })
  })
})

describe('production', () => {
  const [production, other] = ['production', 'test'].map((name) => () => stage(name))

  test('keeps the table when the stage is removed, and nobody can delete it', () => {
    const tables = [production, other].map((topology) => all(topology?.() ?? stage('test'), 'table')[0])
    expect(tables.map((table) => table?.retainOnDelete)).toEqual([true, false])
    expect(tables.map((table) => table?.inputs['deletionProtectionEnabled'])).toEqual([true, false])
    expect(stage('production').app).toMatchObject({ removal: 'retain', protect: true })
    expect(stage('test').app).toMatchObject({ removal: 'remove', protect: false })
  })

  test('alone keeps concurrency in reserve: a new account may have none', () => {
    const reserved = (name: string) =>
      all(stage(name), 'function').map(({ inputs }) => inputs['reservedConcurrentExecutions'] ?? null)
    expect(reserved('test').every((each) => each === null)).toBe(true)
    expect(
      reserved('production')
        .filter((each) => each !== null)
        .toSorted(),
    ).toEqual([1, 4, 4, 8])
  })
})

describe('the environment of a deployment', () => {
  test('reaches the functions, and its e-mail address the topic', async () => {
    const topology = await evaluate('test', {
      SPLICEKEEPER_GENERATION: '3',
      SPLICEKEEPER_BACKUP_AT: '2026-11-30T00:00:00Z',
      SPLICEKEEPER_POLICY: '{"finalDepth":12}',
      SPLICEKEEPER_REQUESTS_PER_SECOND: '7',
      SPLICEKEEPER_EXPLORER: 'https://mempool.space/tx/{txid}',
      SPLICEKEEPER_ALARM_EMAIL: 'ops@example.com',
    })
    for (const { inputs } of all(topology, 'function'))
      expect(inputs['environment']).toMatchObject({
        variables: {
          SPLICEKEEPER_GENERATION: '3',
          SPLICEKEEPER_BACKUP_AT: '2026-11-30T00:00:00Z',
          SPLICEKEEPER_POLICY: '{"finalDepth":12}',
          SPLICEKEEPER_EXPLORER: 'https://mempool.space/tx/{txid}',
          SPLICEKEEPER_METRICS: 'splicekeeper/test',
        },
      })
    // Each instance of a function would count for itself.
    expect(JSON.stringify(all(topology, 'function'))).not.toContain('REQUESTS_PER_SECOND')
    expect(all(topology, 'subscription').map(({ inputs }) => inputs)).toMatchObject([
      { protocol: 'email', endpoint: 'ops@example.com' },
    ])
  })

  test('puts a restored table in the place of the own one, with the same rights', async () => {
    const topology = await evaluate('production', { SPLICEKEEPER_TABLE: 'restored' })
    const resources = all(topology, 'role')
      .flatMap(statementsOf)
      .flatMap(({ Resource }) => Resource)
    const tables = resources.filter((arn) => arn.startsWith('arn:aws:dynamodb:'))
    expect(tables.length).toBeGreaterThan(0)
    expect(tables.filter((arn) => !/:table\/restored(\/index\/\w+)?$/.test(arn))).toEqual([])
  })

  test('stops the deployment where a function would not take it', async () => {
    await expect(evaluate('test', { SPLICEKEEPER_POLICY: '{"finalDepht":12}' })).rejects.toThrow('finalDepht')
  })
})
