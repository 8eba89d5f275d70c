import type { FunctionName, FunctionWiring } from '../functions/wiring.ts'
import { wiring } from '../functions/wiring.ts'
import { putBeside } from './files.ts'
import { type Linked, createLinks } from './links.ts'
import { permissionsOf } from './permissions.ts'
import { type DeploySettings, LOG_DAYS } from './settings.ts'

const componentNames: Readonly<Record<FunctionName, string>> = {
  api: 'ApiFunction',
  work: 'WorkFunction',
  nodeEvents: 'NodeEventsFunction',
  webhooks: 'WebhooksFunction',
  reconcile: 'ReconcileFunction',
}

/** The functions of the wiring. */
export type Functions = Readonly<Record<FunctionName, sst.aws.Function>>

/**
 * Each with a role of its own that may do what it does and nothing more, on arm64, which costs a fifth less. The SDK is in the
 * bundle: Lambda's own copy changes without us.
 */
export function createFunctions(linked: Linked, settings: DeploySettings): Functions {
  const links = createLinks(linked)
  const create = (name: FunctionName): sst.aws.Function => {
    const {
      handler,
      timeoutSeconds,
      memoryMb,
      concurrency,
      files = [],
    }: FunctionWiring = wiring.functions[name]
    const log = new aws.cloudwatch.LogGroup(`${componentNames[name]}Log`, {
      name: `/splicekeeper/${$app.stage}/${name}`,
      retentionInDays: LOG_DAYS,
    })
    return new sst.aws.Function(componentNames[name], {
      handler,
      architecture: 'arm64',
      runtime: 'nodejs24.x',
      timeout: `${timeoutSeconds} seconds`,
      memory: `${memoryMb} MB`,
      link: links,
      environment: settings.environment,
      permissions: [
        ...permissionsOf(name, linked),
        { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [$interpolate`${log.arn}:*`] },
      ],
      logging: { logGroup: log.name, format: 'json' },
      nodejs: { minify: true, sourcemap: true },
      hook: { postbuild: (folder) => putBeside(folder, files) },
      // A new account may keep none in reserve; elsewhere the queues' own limit does.
      ...(settings.isProduction && concurrency !== null ? { concurrency: { reserved: concurrency } } : {}),
      // What the schedule could not start is too late: the next run does all that is due.
      ...(name === 'reconcile' ? { retries: 0 } : {}),
      transform: {
        role: {
          // SST lets the whole account take the role.
          assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: 'lambda.amazonaws.com' }),
          // Not AWSLambdaBasicExecutionRole, which may write to every log.
          managedPolicyArns: [],
        },
        eventInvokeConfig: { maximumEventAgeInSeconds: wiring.schedules.reconcile.everySeconds },
      },
    })
  }
  return {
    api: create('api'),
    work: create('work'),
    nodeEvents: create('nodeEvents'),
    webhooks: create('webhooks'),
    reconcile: create('reconcile'),
  }
}
