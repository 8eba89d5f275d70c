import { isIP } from 'node:net'
import { isAbsolute } from 'node:path'
import * as z from 'zod'
import { Misconfigured } from '../adapters/misconfigured.ts'
import { LdkConfig } from '../adapters/node/ldk/config.ts'
import type { Target } from './post.ts'
import type { ProcessChoice } from './process.ts'

const RELAY_KEY_CHARACTERS = 32

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/

/**
 * A URL without credentials. Plain http is allowed only for this machine: elsewhere anybody on the way could
 * forge the time.
 */
const WebUrl = z
  .string()
  .refine((text) => {
    const url = URL.parse(text)
    if (url === null || url.username !== '' || url.password !== '' || url.search !== '') return false
    return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))
  }, 'must be an https URL without credentials or query; http is allowed only for this machine')
  .transform((text) => text.replace(/\/+$/, ''))

const Certificate = LdkConfig.shape.certificate
/** A secret that fits into a header: printable, without blanks. */
const Secret = z.string().regex(/^[\x21-\x7e]{1,4096}$/, 'must be printable characters without blanks')

/** How to reach a node's events: an ldk-server as in the nodes file, the others with one credential. */
const SourceEntry = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('ldk-server'),
    ...LdkConfig.pick({ url: true, certificate: true, auth: true }).shape,
  }),
  z.strictObject({
    kind: z.literal('core-lightning'),
    url: WebUrl,
    rune: Secret,
    certificate: Certificate.optional(),
  }),
  z.strictObject({
    kind: z.literal('eclair'),
    url: WebUrl,
    password: Secret,
    certificate: Certificate.optional(),
  }),
])
export type SourceEntry = z.infer<typeof SourceEntry>

const ProcessEntry = z
  .strictObject({
    name: z.string().min(1).max(64).optional(),
    pid: z.coerce.number().int().positive().optional(),
    pidFile: z.string().refine(isAbsolute, 'must be an absolute path').optional(),
  })
  .refine(({ pid, pidFile }) => pid === undefined || pidFile === undefined, 'needs pid or pidFile, not both')
  .refine((entry) => Object.values(entry).some((value) => value !== undefined), 'needs a name, pidFile or pid')

const Settings = z.strictObject({
  node: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "must be the node's name in the service"),
  service: WebUrl,
  relayKey: z.string().min(RELAY_KEY_CHARACTERS, `must be at least ${RELAY_KEY_CHARACTERS} characters`),
  source: SourceEntry,
  process: ProcessEntry.optional(),
})

/** The settings of a relay. */
export type RelaySettings = {
  readonly target: Target
  readonly source: SourceEntry
  /** How to find the node's process, or why none of its starts can be reported. */
  readonly process: ProcessChoice | { readonly unseen: string }
}

/** Names an issue's path: the variable, or the field of the file. */
export type Naming = (path: readonly PropertyKey[]) => string

/**
 * Reads settings. Throws Misconfigured with one line per wrong field, never with a value. `addresses`: this
 * machine's own.
 */
export function settingsIn(value: unknown, naming: Naming, addresses: readonly string[]): RelaySettings {
  const parsed = Settings.safeParse(value)
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${naming(issue.path)}: ${issue.message}`)
    throw new Misconfigured(lines.join('\n'))
  }
  const { node, service, relayKey, source, process } = parsed.data
  if (process !== undefined && !isHere(source.url, addresses)) {
    throw new Misconfigured(
      `${naming(['process'])}: the node at ${naming(['source', 'url'])} is not on this machine, so its process cannot be here: leave this out, or run the relay beside the node`,
    )
  }
  return {
    target: { serviceUrl: service, node, relayKey },
    source,
    process: process ?? { unseen: "the node's process is not configured" },
  }
}

/** Whether a URL is on this machine. Of names only `localhost` counts, since others may change. */
function isHere(url: string, addresses: readonly string[]): boolean {
  const host = new URL(url).hostname
  const bare = host.replace(/^\[|\]$/g, '')
  return LOOPBACK.test(host) || (isIP(bare) !== 0 && addresses.includes(bare))
}
