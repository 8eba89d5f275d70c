import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root })
const files = tracked
  .toString()
  .split('\n')
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))

/** Which folder may import which. docs/design.md draws the same map. Production folders do not know the simulator. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  adapters: ['adapters', 'core'],
  functions: ['functions', 'adapters', 'core'],
  relay: ['relay', 'adapters', 'core'],
  simulator: ['simulator', 'adapters', 'core'],
  local: ['local', 'simulator', 'relay', 'functions', 'adapters', 'core'],
  client: ['client', 'functions'],
  cli: ['cli', 'client', 'local', 'functions', 'core'],
  stacks: ['stacks', 'functions', 'adapters'],
  harness: ['harness', 'local', 'simulator', 'relay', 'functions', 'adapters', 'core'],
  bench: ['bench', 'harness', 'local', 'simulator', 'functions', 'adapters', 'core'],
  interop: ['interop', 'local', 'simulator', 'functions', 'adapters', 'core'],
  docs: ['docs', 'adapters', 'core'],
}
/**
 * Which room of core may import which. `values` is the ground; each room knows those below it and none above, so that a rule is
 * read without whoever calls it.
 */
const ground = ['values']
const toSplice = [...ground, 'bitcoin', 'splice']
const toPorts = [...toSplice, 'ports']
const toDecision = [...toPorts, 'chain', 'decision']
const toNodes = [...toDecision, 'ledger', 'nodes']
const toDrive = [...toNodes, 'webhooks', 'drive']
const rooms: Readonly<Record<string, readonly string[]>> = {
  values: ground,
  bitcoin: [...ground, 'bitcoin'],
  splice: toSplice,
  ports: toPorts,
  chain: [...toPorts, 'chain'],
  decision: toDecision,
  accept: [...toDecision, 'accept'],
  keys: [...toPorts, 'keys'],
  webhooks: [...toPorts, 'webhooks'],
  ledger: [...toDecision, 'ledger'],
  nodes: toNodes,
  drive: toDrive,
  sweep: [...toDrive, 'sweep'],
}

/** Rooms that only compute: whatever they decide can be tested without a store, a node or a clock. */
const pureRooms = ['values', 'bitcoin', 'splice', 'decision', 'accept']

const corePackages = ['zod', 'bitcoinjs-lib']

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

function importsOf(file: string): string[] {
  return [...read(file).matchAll(/(?:from|import)\s+'([^']+)'|import\('([^']+)'\)/g)].map((m) => m[1] ?? m[2] ?? '')
}

/** A file without its comments and strings. */
function codeOf(file: string): string {
  return read(file).replaceAll(/\/\*\*?[^]*?\*\/|\/\/.*|'[^'\n]*'/g, '')
}

/** The files of the repository that a file imports. */
function filesImportedBy(file: string): string[] {
  return importsOf(file)
    .filter((target) => target.startsWith('.'))
    .map((target) => relative(root, join(root, dirname(file), target)))
}

function roomOf(file: string): string {
  return file.split('/')[1] ?? ''
}

/** The circles of imports among files, each as the files on it. */
function circlesAmong(paths: readonly string[]): string[] {
  const done = new Set<string>()
  const circles = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file)
    if (at !== -1) circles.add(path.slice(at).toSorted().join(' ↔ '))
    if (at !== -1 || done.has(file)) return
    for (const next of filesImportedBy(file)) if (paths.includes(next)) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of paths) visit(file, [])
  return [...circles]
}

function folderOf(file: string): string {
  return file.split('/')[0] ?? ''
}

describe('the tree', () => {
  test('is read: there are files in every folder that has arrows', () => {
    for (const folder of Object.keys(arrows))
      expect(
        files.some((file) => folderOf(file) === folder),
        folder,
      ).toBe(true)
  })

  test('imports point one way', () => {
    const wrong = files.flatMap((file) => {
      const allowed = arrows[folderOf(file)]
      if (allowed === undefined) return []
      return filesImportedBy(file)
        .filter((target) => !allowed.includes(folderOf(target)))
        .map((target) => `${file} → ${target}`)
    })
    expect(wrong).toEqual([])
  })

  test('bench and interop import nothing from test', () => {
    const wrong = files
      .filter((file) => ['bench', 'interop', 'harness'].includes(folderOf(file)))
      .filter((file) => importsOf(file).some((target) => /^(\.\.\/)+test\//.test(target)))
    expect(wrong).toEqual([])
  })

  test('every file of core stands in a room, and rooms import only the rooms below them', () => {
    const core = files.filter((file) => folderOf(file) === 'core')
    expect(core.filter((file) => rooms[roomOf(file)] === undefined)).toEqual([])
    const wrong = core.flatMap((file) =>
      filesImportedBy(file)
        .filter((target) => !(rooms[roomOf(file)] ?? []).includes(roomOf(target)))
        .map((target) => `${file} → ${target}`),
    )
    expect(wrong).toEqual([])
  })

  test('no files of the product import each other in a circle', () => {
    expect(circlesAmong(files.filter((file) => Object.hasOwn(arrows, folderOf(file))))).toEqual([])
  })

  test('a circle is noticed', () => {
    expect(circlesAmong(['test/tree/circle/one.ts', 'test/tree/circle/other.ts'])).toEqual([
      'test/tree/circle/one.ts ↔ test/tree/circle/other.ts',
    ])
  })

  test('production does not know the simulator', () => {
    for (const folder of ['core', 'adapters', 'functions', 'relay', 'cli', 'stacks'])
      expect(arrows[folder], folder).not.toContain('simulator')
  })

  test('pure rooms wait for nothing', () => {
    const impure = /\basync\b|\bawait\b|\bPromise\b/
    const pure = files.filter((file) => folderOf(file) === 'core' && pureRooms.includes(roomOf(file)))
    expect(pure.filter((file) => impure.test(codeOf(file)))).toEqual([])
  })

  test('core imports nothing from outside but zod, bitcoinjs-lib and what Node has built in', () => {
    const wrong = files
      .filter((file) => folderOf(file) === 'core')
      .flatMap((file) => importsOf(file).map((target) => ({ file, target })))
      .filter(({ target }) => !target.startsWith('.') && !corePackages.includes(target))
      .filter(({ target }) => !builtinModules.includes(target.replace('node:', '')))
    expect(wrong).toEqual([])
  })

  test('core has no clock, no chance and no network of its own', () => {
    const impure =
      /Date\.now|new Date\(\)|Math\.random|randomUUID|setTimeout|setInterval|process\.env|node:(net|http|https|fs)/
    expect(files.filter((file) => folderOf(file) === 'core' && impure.test(read(file)))).toEqual([])
  })

  test('functions/runtime.ts alone reads Resource and the environment', () => {
    const reads = files.filter((file) => folderOf(file) === 'functions' && /from 'sst'|process\.env/.test(read(file)))
    expect(reads).toEqual(['functions/runtime.ts'])
  })

  test('no file is longer than 300 lines', () => {
    const long = files.filter((file) => !file.startsWith('test/') && read(file).split('\n').length > 300)
    expect(long).toEqual([])
  })

  test('the compiler and the linter are never told to look away', () => {
    const look = /:\s*any\b|<any>|\bas any\b|@ts-(ignore|expect-error|nocheck)|eslint-disable/
    const directive = /@ts-|eslint-disable/
    const wrong = files.filter((file) => look.test(codeOf(file)) || directive.test(read(file)))
    expect(wrong.filter((file) => file !== 'test/tree/tidy.test.ts')).toEqual([])
  })

  test('files are nouns: no manager, service, helper or utils', () => {
    expect(files.filter((file) => /manager|service|helper|utils?\b/i.test(file))).toEqual([])
  })
})
