import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import * as z from 'zod'
import { wiring, type FunctionName } from '../functions/wiring.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)

/** The packages of the AWS SDK, and what they stand on. */
const SDK = /node_modules\/(@aws-sdk|@smithy|@aws-crypto|@aws\/)/
const LOCALES = /node_modules\/zod\/v4\/locales\//

/** A function's bundle, in bytes of minified text, and what has its share in them. */
export type Bundle = {
  readonly bytes: number
  readonly gzipBytes: number
  readonly sdkBytes: number
  /** Messages of zod in languages that nobody here reads. */
  readonly localeBytes: number
  /** The files that went in. */
  readonly inputs: readonly string[]
  /** What the module exports. */
  readonly exports: readonly string[]
}

/** What SST puts in front of a bundle: packages of the older kind ask for these. */
const banner = {
  js: [
    "import { createRequire as topLevelCreateRequire } from 'module';",
    'const require = topLevelCreateRequire(import.meta.url);',
    "import { fileURLToPath as topLevelFileUrlToPath, URL as topLevelURL } from 'url'",
    'const __filename = topLevelFileUrlToPath(import.meta.url)',
    "const __dirname = topLevelFileUrlToPath(new topLevelURL('.', import.meta.url))",
  ].join('\n'),
}

/** Bundles a function with the options that SST gives to esbuild for one of ours (its pkg/runtime/node/build.go, for nodejs24.x). */
export async function bundleOf(name: FunctionName, outfile?: string): Promise<Bundle> {
  const entry = wiring.functions[name].handler.replace(/\.handler$/, '.ts')
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    platform: 'node',
    external: ['sharp', 'pg-native'],
    keepNames: true,
    bundle: true,
    metafile: true,
    write: false,
    outfile: outfile ?? 'bundle.mjs',
    format: 'esm',
    target: 'es2024',
    mainFields: ['module', 'main'],
    minify: true,
    banner,
    logLevel: 'silent',
  })
  const [file] = outputFiles
  const [output] = Object.values(metafile.outputs)
  if (file === undefined || output === undefined) throw new Error(`no bundle of ${entry}`)
  if (outfile !== undefined) writeFileSync(outfile, file.contents)
  const share = (pattern: RegExp): number =>
    Object.entries(output.inputs)
      .filter(([path]) => pattern.test(path))
      .reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0)
  return {
    bytes: output.bytes,
    gzipBytes: gzipSync(file.contents).length,
    sdkBytes: share(SDK),
    localeBytes: share(LOCALES),
    inputs: Object.keys(output.inputs),
    exports: output.exports,
  }
}

const Imported = z.object({ importMs: z.number(), heapBytes: z.number() })

const importing = (path: string): string => `
  const before = performance.now()
  await import(${JSON.stringify(path)})
  const importMs = performance.now() - before
  globalThis.gc()
  console.log(JSON.stringify({ importMs, heapBytes: process.memoryUsage().heapUsed }))`

/** The environment of a function that never calls anything. */
export const environment = {
  AWS_REGION: 'eu-central-1',
  SST_RESOURCE_App: '{"name":"splicekeeper","stage":"bench"}',
  SST_RESOURCE_Table: '{"name":"table"}',
  SST_RESOURCE_WorkQueue: '{"url":"http://127.0.0.1:1/work"}',
  SST_RESOURCE_NodeEventsQueue: '{"url":"http://127.0.0.1:1/node-events"}',
  SST_RESOURCE_WebhooksQueue: '{"url":"http://127.0.0.1:1/webhooks"}',
  SST_RESOURCE_Nodes: '{"value":"[]"}',
  SST_RESOURCE_Keys: '{"value":"[]"}',
}

/** Imports a bundle some times, each in a new process; answers the quickest: the others waited for the machine. */
async function imported(path: string, times: number): Promise<z.infer<typeof Imported>> {
  const runs = []
  for (let n = 0; n < times; n++) {
    const { stdout } = await run(process.execPath, ['--expose-gc', '--input-type=module', '--eval', importing(path)], {
      env: { ...process.env, ...environment },
    })
    runs.push(Imported.parse(JSON.parse(stdout)))
  }
  return runs.reduce((best, each) => (each.importMs < best.importMs ? each : best))
}

/** One row for each function: the size of what is deployed, and what a cold start pays for it. */
export async function measureBundles(times = 7) {
  const folder = mkdtempSync(join(tmpdir(), 'splicekeeper-bundles-'))
  try {
    const rows = []
    for (const name of ['api', 'work', 'nodeEvents', 'webhooks', 'reconcile'] as const) {
      const path = join(folder, `${name}.mjs`)
      const { bytes, gzipBytes, sdkBytes, localeBytes } = await bundleOf(name, path)
      rows.push({ name, bytes, gzipBytes, sdkBytes, localeBytes, ...(await imported(path, times)) })
    }
    return rows
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const KIB = 1024
const kib = (bytes: number): string => `${Math.round(bytes / KIB)} KiB`

/** For `console.table`. */
export function tableOf(
  bundles: Awaited<ReturnType<typeof measureBundles>>,
): Record<string, Record<string, number | string>> {
  return Object.fromEntries(
    bundles.map(({ name, bytes, gzipBytes, sdkBytes, localeBytes, importMs, heapBytes }) => [
      name,
      {
        bundle: kib(bytes),
        gzip: kib(gzipBytes),
        'of it SDK': kib(sdkBytes),
        'of it locales': kib(localeBytes),
        'import ms': Math.round(importMs),
        'heap after': kib(heapBytes),
      },
    ]),
  )
}
