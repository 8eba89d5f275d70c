// SST's components ship inside its binary. This script unpacks them into .sst/platform, once for each
// version. The stacks take their types from there, and the tests evaluate the stacks with them. It does not
// call AWS, and skips the downloads that only a deployment needs (Pulumi, Bun).
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const LOOK_MS = 500
/** A process that holds the lock for longer than this was killed. */
const LONGEST_MS = 600_000

const root = fileURLToPath(new URL('..', import.meta.url))
const at = (path) => join(root, path)
const textOf = (path) => (existsSync(at(path)) ? readFileSync(at(path), 'utf8').trim() : '')

const wanted = JSON.parse(textOf('node_modules/sst/package.json') || '{}').version
const parts = ['.sst/platform/config.d.ts', '.sst/platform/node_modules/@pulumi/aws']
const lock = at('.sst/unpacking')
const isThere = () =>
  textOf('.sst/platform/version') === wanted && parts.every((part) => existsSync(at(part))) && !existsSync(lock)

function unpack() {
  console.log(`Unpacking the components of SST ${wanted} into .sst, once: about a minute, and 320 MB ...`)
  const { status, stdout, stderr } = spawnSync(at('node_modules/.bin/sst'), ['install', '--stage', 'test'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, SST_SKIP_DEPENDENCY_CHECK: '1', SST_NO_BUN: '1', SST_TELEMETRY_DISABLED: '1' },
  })
  if (status === 0) return
  console.error(`${stdout}${stderr}\nSST's components could not be unpacked.`)
  process.exitCode = 1
}

/** Takes the lock. Test files run concurrently: the first one unpacks, the others wait for it. */
function taken() {
  try {
    mkdirSync(at('.sst'), { recursive: true })
    mkdirSync(lock)
    return true
  } catch {
    if (Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > LONGEST_MS)
      rmSync(lock, { recursive: true, force: true })
    return false
  }
}

while (!isThere() && process.exitCode === undefined) {
  if (taken()) {
    try {
      unpack()
    } finally {
      rmSync(lock, { recursive: true, force: true })
    }
  } else {
    await pause(LOOK_MS)
  }
}
