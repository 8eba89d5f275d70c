import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { dirname, resolve } from 'node:path'
import * as z from 'zod'
import { Misconfigured } from '../adapters/misconfigured.ts'
import { settingsIn, type RelaySettings } from './settings.ts'

/** The environment variables and the fields of the settings that they set. */
const VARIABLES: readonly (readonly [variable: string, path: readonly string[]])[] = [
  ['NODE_NAME', ['node']],
  ['SPLICEKEEPER_URL', ['service']],
  ['RELAY_KEY', ['relayKey']],
  ['NODE_KIND', ['source', 'kind']],
  ['NODE_URL', ['source', 'url']],
  ['NODE_CERTIFICATE', ['source', 'certificate']],
  ['NODE_API_KEY', ['source', 'auth', 'apiKey']],
  ['NODE_MACAROON', ['source', 'auth', 'macaroon']],
  ['NODE_RUNE', ['source', 'rune']],
  ['NODE_PASSWORD', ['source', 'password']],
  ['NODE_PROCESS_NAME', ['process', 'name']],
  ['NODE_PID_FILE', ['process', 'pidFile']],
  ['NODE_PID', ['process', 'pid']],
]

/** Fields that may be read from a file: `<field>File` or `<VARIABLE>_FILE`. */
const FROM_FILES = ['relayKey', 'certificate', 'apiKey', 'macaroon', 'rune', 'password']

const API_KEY_BYTES = 32

type Json = { [key: string]: unknown }
const Json = z.record(z.string(), z.unknown())

/**
 * Reads the settings from the JSON file that RELAY_FILE names, else from the environment. Throws
 * Misconfigured, naming the field or the variable.
 */
export function configurationIn(environment: Readonly<Record<string, string | undefined>>): RelaySettings {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address))
  const file = environment['RELAY_FILE'] ?? ''
  if (file !== '') {
    const path = resolve(file)
    const naming = (field: readonly PropertyKey[]): string => `${file}: ${field.join('.')}`
    return settingsIn(withFiles(jsonIn(file, path), dirname(path), file), naming, addresses)
  }
  const naming = (field: readonly PropertyKey[]): string => variableOf(field)
  return settingsIn(valueOf(environment), naming, addresses)
}

function valueOf(environment: Readonly<Record<string, string | undefined>>): Json {
  const value: Json = { source: {} }
  for (const [variable, path] of VARIABLES) {
    const field = path.at(-1) ?? ''
    const given = environment[variable] ?? ''
    const file = FROM_FILES.includes(field) ? (environment[`${variable}_FILE`] ?? '') : ''
    if (given !== '' && file !== '')
      throw new Misconfigured(`${variable}: is set both directly and as a file: set only one`)
    if (given !== '') put(value, path, given)
    if (file !== '') put(value, path, contentOf(resolve(file), field, `${variable}_FILE`))
  }
  return schemed(value)
}

function put(value: Json, [first = '', ...rest]: readonly string[], content: string): void {
  if (rest.length === 0) value[first] = content
  else {
    const inner = Json.safeParse(value[first]).data ?? {}
    put(inner, rest, content)
    value[first] = inner
  }
}

/** Derives the authentication scheme from the variable that is set. */
function schemed(value: Json): Json {
  const source = Json.safeParse(value['source']).data
  const auth = Json.safeParse(source?.['auth']).data
  if (auth === undefined) return value
  const scheme = 'macaroon' in auth ? 'macaroon' : 'hmac'
  return { ...value, source: { ...source, auth: { scheme, ...auth } } }
}

function variableOf(field: readonly PropertyKey[]): string {
  const prefixed = VARIABLES.filter(([, path]) => field.every((part, n) => path[n] === part))
  const exact = VARIABLES.find(([, path]) => path.length <= field.length && path.every((part, n) => field[n] === part))
  const names = exact === undefined ? prefixed.map(([variable]) => variable) : [exact[0]]
  return names.length === 0 ? field.join('.') : names.join(' or ')
}

/** Replaces fields `<field>File` by the content of their files, relative to the settings file's folder. */
function withFiles(value: unknown, folder: string, where: string): unknown {
  const object = Json.safeParse(value).data
  if (object === undefined || Array.isArray(value)) return value
  const read: Json = {}
  for (const [key, inner] of Object.entries(object)) {
    const field = key.replace(/File$/, '')
    if (field === key || !FROM_FILES.includes(field)) {
      read[key] = withFiles(inner, folder, where)
      continue
    }
    const path = z.string().min(1).safeParse(inner).data
    if (path === undefined) throw new Misconfigured(`${where}: ${key}: must be the path of a file`)
    if (field in object) throw new Misconfigured(`${where}: ${key}: ${field} is set as well: set only one`)
    read[field] = contentOf(resolve(folder, path), field, `${where}: ${key}`)
  }
  return read
}

/**
 * A file's content in the form of its field: ldk-server stores its API key and its macaroons as bytes, which
 * become hex.
 */
function contentOf(path: string, field: string, where: string): string {
  const bytes = bytesIn(path, where)
  const isBinary = field === 'apiKey' ? bytes.length === API_KEY_BYTES : field === 'macaroon' && bytes[0] === 2
  return isBinary ? bytes.toString('hex') : bytes.toString('utf8').trim()
}

function bytesIn(path: string, where: string): Buffer {
  try {
    return readFileSync(path)
  } catch {
    throw new Misconfigured(`${where}: the file ${path} cannot be read`)
  }
}

function jsonIn(file: string, path: string): unknown {
  const text = bytesIn(path, 'RELAY_FILE').toString('utf8')
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message would quote the text.
    throw new Misconfigured(`${file}: is not JSON`)
  }
}
