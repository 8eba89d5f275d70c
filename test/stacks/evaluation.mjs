// Evaluates sst.config.ts as `sst deploy` does, with SST's real components and nothing of AWS, and prints every resource
// that a deployment would register. It leans on the inside of the SST version that package.json pins, and all of that is here:
// how the CLI bundles the configuration, which globals it injects, and the two calls that the components make to it.
// Pulumi's own mocks stand in for the engine. A process a stage: Pulumi keeps its state in its modules.
//
//   node test/stacks/evaluation.mjs STAGE > topology.json
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const ACCOUNT = '123456789012'
const REGION = 'eu-central-1'
const SETTLE_MS = 60_000
/** The key under which Pulumi wraps what is secret. */
const SECRET_KEY = '4dabf18193072939515e22adb298388d'
/** What SST puts at the end of a physical name, so that two are never the same. */
const NAME_SUFFIX = /-[abcdefhkmnorstuvwxz]{8}$/

const root = fileURLToPath(new URL('../..', import.meta.url))
const platform = join(root, '.sst/platform')
const stage = process.argv[2] ?? 'test'
const work = mkdtempSync(join(tmpdir(), 'splicekeeper-stacks-'))
// Beside the components, which find their packages from there.
const bundle = (name) => join(platform, `${name}.${process.pid}.mjs`)

const banner = {
  js: [
    "import { createRequire as requireOf } from 'node:module'",
    'const require = requireOf(import.meta.url)',
    'const __filename = import.meta.filename',
    'const __dirname = import.meta.dirname',
  ].join('\n'),
}

/** What `app()` of the configuration says; `run()` is not looked at. */
async function readApp() {
  const outfile = bundle('app')
  try {
    await build({
      entryPoints: [join(root, 'sst.config.ts')],
      banner: { js: 'const $config = (config) => config' },
      external: ['./stacks/*'],
      format: 'esm',
      platform: 'node',
      bundle: true,
      outfile,
      logLevel: 'silent',
    })
    const { default: config } = await import(pathToFileURL(outfile).href)
    const app = await config.app({ stage })
    return { ...app, stage, providers: { aws: {}, ...app.providers } }
  } finally {
    rmSync(outfile, { force: true })
  }
}

/** The names that a configuration may use without importing them. */
function globals(app) {
  const lines = [
    ...Object.keys(app.providers).map((name) => `import * as ${name} from '@pulumi/${name}';`),
    `import * as sst from ${JSON.stringify(join(platform, 'src/components'))};`,
  ].join('')
  return {
    name: 'globals',
    setup({ onLoad }) {
      onLoad({ filter: /\/(stacks\/[^/]+|sst\.config)\.ts$/ }, ({ path }) =>
        path.includes('/.sst/') || path.includes('/node_modules/')
          ? undefined
          : { contents: lines + readFileSync(path, 'utf8'), loader: 'ts' },
      )
    },
  }
}

async function bundleStacks(app, outfile) {
  const cli = {
    command: 'deploy',
    dev: false,
    paths: { home: work, root, work, platform },
    state: { version: {} },
  }
  const contents = [
    `import { run } from ${JSON.stringify(join(platform, 'src/auto/run.ts'))}`,
    `import config from ${JSON.stringify(join(root, 'sst.config.ts'))}`,
    'export default await run(config.run)',
  ].join('\n')
  await build({
    stdin: { contents, resolveDir: root, sourcefile: 'evaluated.ts', loader: 'ts' },
    banner,
    plugins: [globals(app)],
    inject: [join(platform, 'src/shim/run.js')],
    define: { $app: JSON.stringify(app), $dev: 'false', $cli: JSON.stringify(cli) },
    mainFields: ['module', 'main'],
    format: 'esm',
    platform: 'node',
    bundle: true,
    nodePaths: [join(platform, 'node_modules')],
    external: [
      '@pulumi/*',
      '@pulumiverse/*',
      '@sst-provider/*',
      '@aws-sdk/*',
      'undici',
      'esbuild',
      'archiver',
      'glob',
      'vite',
    ],
    outfile,
    logLevel: 'silent',
  })
}

/** The CLI's own server: the components ask it for the state of the account, and to bundle the functions. */
async function startCli(functions) {
  const methods = {
    'Provider.Aws.Bootstrap': ({ region }) => ({
      asset: `sst-asset-${region}`,
      assetEcrRegistryId: ACCOUNT,
      assetEcrUrl: `${ACCOUNT}.dkr.ecr.${region}.amazonaws.com/sst-asset`,
      state: `sst-state-${region}`,
      appsyncHttp: 'appsync.invalid',
      appsyncRealtime: 'appsync.invalid',
    }),
    'Runtime.Build': (input) => {
      functions.push({ name: input.functionID, handler: input.handler, links: Object.keys(input.links) })
      const out = join(work, input.functionID)
      mkdirSync(out, { recursive: true })
      return { handler: `bundle.${input.handler.split('.').at(-1)}`, out, errors: [], sourcemaps: [] }
    },
  }
  const server = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const { method, params } = JSON.parse(Buffer.concat(chunks).toString())
      const answer = methods[method] ? { result: methods[method](params[0]) } : { error: `no method ${method}` }
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
    })
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
}

/** What AWS would answer of a new resource, as far as others refer to it. */
function outputsOf({ type, name, custom, id }, inputs) {
  if (custom === false) return { id: '', outputs: inputs }
  // What stands already is asked for by its id.
  const physical = id || `${stage}-${name}`
  const arnOf = (service, path) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${path}`
  const named = (arn, more = {}) => ({ id: physical, outputs: { ...inputs, name: physical, arn, ...more } })
  switch (type) {
    case 'aws:dynamodb/table:Table':
      return named(arnOf('dynamodb', `table/${physical}`))
    case 'aws:sqs/queue:Queue': {
      const url = `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${physical}`
      return { ...named(arnOf('sqs', physical), { url }), id: url }
    }
    case 'aws:lambda/function:Function': {
      const arn = arnOf('lambda', `function:${physical}`)
      const invokeArn = `arn:aws:apigateway:${REGION}:lambda:path/2015-03-31/functions/${arn}/invocations`
      return named(arn, { version: '1', qualifiedArn: `${arn}:1`, invokeArn, qualifiedInvokeArn: invokeArn })
    }
    case 'aws:iam/role:Role':
      return named(`arn:aws:iam::${ACCOUNT}:role/${physical}`)
    case 'aws:apigatewayv2/api:Api':
      return named(arnOf('apigateway', physical), {
        apiEndpoint: `https://${physical}.execute-api.${REGION}.amazonaws.com`,
        executionArn: arnOf('execute-api', physical),
      })
    case 'aws:cloudwatch/logGroup:LogGroup':
      return {
        id: inputs.name ?? physical,
        outputs: { ...inputs, arn: arnOf('logs', `log-group:${inputs.name}`) },
      }
    case 'random:index/randomBytes:RandomBytes': {
      const bytes = Buffer.alloc(inputs.length, name)
      return {
        id: physical,
        outputs: { ...inputs, base64: bytes.toString('base64'), hex: bytes.toString('hex') },
      }
    }
    default:
      return named(arnOf(type.split(':')[1].split('/')[0], physical))
  }
}

/** The answers of the provider's functions. A document must echo its statements: the components read them back. */
function invoked(token, inputs) {
  if (token === 'aws:index/getRegion:getRegion') return { region: REGION, name: REGION, id: REGION }
  if (token === 'aws:index/getPartition:getPartition') return { partition: 'aws', dnsSuffix: 'amazonaws.com' }
  if (token === 'aws:index/getCallerIdentity:getCallerIdentity')
    return { accountId: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root` }
  if (token !== 'aws:iam/getPolicyDocument:getPolicyDocument') return inputs
  const Statement = (inputs.statements ?? []).map((each) => ({
    Effect: each.effect ?? 'Allow',
    Action: each.actions,
    Resource: each.resources,
    ...(each.principals && {
      Principal: Object.fromEntries(each.principals.map(({ type, identifiers }) => [type, identifiers])),
    }),
  }))
  const json = JSON.stringify({ Version: '2012-10-17', Statement })
  return { ...inputs, json, minifiedJson: json }
}

/** Secrets and assets come wrapped; this shows what is inside. */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  if (value[SECRET_KEY] !== undefined && 'value' in value) return plain(value.value)
  if (value.__pulumiAsset || value.__pulumiArchive) return { asset: true }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]))
}

/** The names of the files in the package of a function beside its bundle, as its zip lists them in its central directory. */
function packaged(name) {
  const zip = readFileSync(join(work, 'artifacts', name, 'code.zip'))
  const end = zip.lastIndexOf('PK\x05\x06')
  const files = []
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [length, extra, comment] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset))
    files.push(zip.toString('utf8', at + 46, at + 46 + length))
    at += 46 + length + extra + comment
  }
  return files
}

async function evaluate() {
  const resources = []
  const functions = []
  const app = await readApp()
  const outfile = bundle('stacks')
  const cli = await startCli(functions)
  process.env.SST_SERVER = cli.url
  const cwd = process.cwd()
  try {
    await bundleStacks(app, outfile)
    const pulumi = createRequire(join(platform, 'package.json'))('@pulumi/pulumi')
    await pulumi.runtime.setMocks(
      {
        newResource(args) {
          const inputs = plain(args.inputs)
          if (typeof inputs.name === 'string') inputs.name = inputs.name.replace(NAME_SUFFIX, '')
          const { id, outputs } = outputsOf(args, inputs)
          resources.push({ type: args.type, name: args.name, inputs, outputs })
          return { id, state: outputs }
        },
        call: ({ token, inputs }) => invoked(token, plain(inputs)),
      },
      app.name,
      stage,
      false,
      'organization',
    )
    pulumi.runtime.setAllConfig({ 'aws:region': REGION })
    // The mocks are told the inputs only; retention and protection are in the request.
    const options = new Map()
    const monitor = pulumi.runtime.getMonitor()
    const register = monitor.registerResource.bind(monitor)
    monitor.registerResource = (request, answer) => {
      const retainOnDelete = request.getRetainondelete() === true
      options.set(`${request.getType()} ${request.getName()}`, {
        retainOnDelete,
        protect: request.getProtect() === true,
      })
      return register(request, answer)
    }
    await settled(async () => {
      await pulumi.runtime.runInPulumiStack(async () => (await import(pathToFileURL(outfile).href)).default)
      await pulumi.runtime.disconnect()
    })
    return {
      app: { name: app.name, removal: app.removal, protect: app.protect },
      functions: functions.map((each) => ({ ...each, files: packaged(each.name) })),
      resources: resources.map((each) => ({ ...each, ...options.get(`${each.type} ${each.name}`) })),
    }
  } finally {
    process.chdir(cwd)
    cli.close()
    rmSync(outfile, { force: true })
    rmSync(work, { recursive: true, force: true })
  }
}

/** An output that fails is a rejection that nobody handles, and Pulumi waits for ever: the first one ends the evaluation. */
async function settled(run) {
  const failed = Promise.withResolvers()
  process.on('unhandledRejection', failed.reject)
  process.on('uncaughtException', failed.reject)
  const late = setTimeout(() => failed.reject(new Error('the stacks did not settle')), SETTLE_MS)
  try {
    await Promise.race([run(), failed.promise])
  } finally {
    clearTimeout(late)
  }
}

evaluate().then(
  (topology) => process.stdout.write(JSON.stringify(topology), () => process.exit(0)),
  (error) => process.stderr.write(`${error?.stack ?? error}\n`, () => process.exit(1)),
)
