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

/** Which folder may import which: imports point one way (docs/design.md, section 11). */
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
const corePackages = ['zod', 'bitcoinjs-lib']

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

function importsOf(file: string): string[] {
  return [...read(file).matchAll(/(?:from|import)\s+'([^']+)'|import\('([^']+)'\)/g)].map(
    (m) => m[1] ?? m[2] ?? '',
  )
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
      return importsOf(file)
        .filter((target) => target.startsWith('.'))
        .map((target) => relative(root, join(root, dirname(file), target)))
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
    const reads = files.filter(
      (file) => folderOf(file) === 'functions' && /from 'sst'|process\.env/.test(read(file)),
    )
    expect(reads).toEqual(['functions/runtime.ts'])
  })

  test('no file is longer than 300 lines', () => {
    const long = files.filter((file) => !file.startsWith('test/') && read(file).split('\n').length > 300)
    expect(long).toEqual([])
  })

  test('the compiler and the linter are never told to look away', () => {
    const look = /:\s*any\b|<any>|\bas any\b|@ts-(ignore|expect-error|nocheck)|eslint-disable/
    const code = (file: string): string => read(file).replaceAll(/\/\*\*?[^]*?\*\/|\/\/.*|'[^'\n]*'/g, '')
    const directive = /@ts-|eslint-disable/
    const wrong = files.filter((file) => look.test(code(file)) || directive.test(read(file)))
    expect(wrong.filter((file) => file !== 'test/tree/tidy.test.ts')).toEqual([])
  })

  test('files are nouns: no manager, service, helper or utils', () => {
    expect(files.filter((file) => /manager|service|helper|utils?\b/i.test(file))).toEqual([])
  })
})
