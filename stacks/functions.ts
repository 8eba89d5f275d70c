import { wiring, type FunctionName, type FunctionWiring } from '../functions/wiring.ts'
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

/** The deployed functions of the wiring. */
export type Functions = Readonly<Record<FunctionName, sst.aws.Function>>

/**
 * Creates the functions. Each has its own role with only the permissions that it needs. They run on arm64,
 * which costs a fifth less. The AWS SDK is bundled, because Lambda changes its own copy at any time.
 */
export function createFunctions(linked: Linked, settings: DeploySettings): Functions {
  const links = createLinks(linked)
  const create = (name: FunctionName): sst.aws.Function => {
    const { handler, timeoutSeconds, memoryMb, concurrency, files = [] }: FunctionWiring = wiring.functions[name]
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
      // A new account may not reserve concurrency. Other stages rely on the limit of the queue subscriptions.
      ...(settings.isProduction && concurrency !== null ? { concurrency: { reserved: concurrency } } : {}),
      // No retries: the next scheduled run does everything that is due.
      ...(name === 'reconcile' ? { retries: 0 } : {}),
      transform: {
        role: {
          // SST's default lets the whole account assume the role.
          assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: 'lambda.amazonaws.com' }),
          // Not AWSLambdaBasicExecutionRole, which may write to every log group.
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
