import * as z from 'zod'
import type { RpcConfig } from '../adapters/chain/bitcoind/rpc.ts'
import { ClnConfig } from '../adapters/node/cln/config.ts'
import { parseNodes, type NodeEntry } from '../adapters/node/configured.ts'
import { Network } from '../core/bitcoin/network.ts'
import { textIn } from '../local/files.ts'
import { LocalError } from '../local/problem.ts'
import { TENANT } from '../local/keys.ts'
import type { Commands } from './levers.ts'
import type { Point } from './traps.ts'

/** The kinds of nodes that the command line takes. */
export const KINDS = ['cln', 'eclair', 'phoenixd', 'ldk-server'] as const
export type Kind = (typeof KINDS)[number]

/** `quick`: shortened waiting periods, for a chain whose blocks are mined by command; `real`: as deployed. */
export type Pace = 'quick' | 'real'

export type Settings = {
  readonly kind: Kind
  readonly entry: NodeEntry
  /** The same node with an unknown credential; null if it asks for none. */
  readonly stranger: NodeEntry | null
  readonly nodeId: string
  readonly channelId: string
  readonly bitcoind: RpcConfig
  /** How the judge reads a Core Lightning node; null if it uses the adapter. */
  readonly judge: ClnConfig | null
  readonly commands: Commands
  readonly amountSats: number
  /** The address that splice-outs pay if the node gives none. */
  readonly address: string | null
  readonly limitMs: number
  readonly pace: Pace
}

/** A variable: what it is for, and whether a run needs it. */
type Variable = { readonly name: string; readonly what: string; readonly required?: boolean }

const COMMON: readonly Variable[] = [
  { name: 'INTEROP_NODE_ID', what: "the node's public key", required: true },
  { name: 'INTEROP_CHANNEL', what: 'the channel id (64 hex digits) that is spliced', required: true },
  {
    name: 'INTEROP_BITCOIND_URL',
    what: "its Bitcoin Core's RPC, for example http://127.0.0.1:18443",
    required: true,
  },
  { name: 'INTEROP_BITCOIND_COOKIE', what: "the absolute path of Bitcoin Core's .cookie, or" },
  { name: 'INTEROP_BITCOIND_USER', what: 'user and' },
  { name: 'INTEROP_BITCOIND_PASSWORD', what: 'password of its RPC' },
  { name: 'INTEROP_NETWORK', what: 'regtest (default), signet, testnet4 or testnet; never bitcoin' },
  {
    name: 'INTEROP_MINE',
    what: 'a shell command that mines $BLOCKS blocks; without it, the run waits for blocks',
  },
  { name: 'INTEROP_DISCONNECT', what: "a shell command that drops the connection to the channel's peer" },
  { name: 'INTEROP_RESTART', what: 'a shell command that kills the node (SIGKILL) and starts it again' },
  { name: 'INTEROP_ADDRESS', what: 'the address that splice-outs pay if the node gives none' },
  {
    name: 'INTEROP_AMOUNT_SATS',
    what: 'the amount of the first splice (default 20000); each later one adds 1000 sat',
  },
  { name: 'INTEROP_LIMIT_SECONDS', what: 'how long one scenario may take (default 600)' },
  { name: 'INTEROP_PACE', what: 'quick (default on regtest): waiting periods shortened; real: as deployed' },
]

const WAYS: Readonly<Record<Kind, readonly Variable[]>> = {
  cln: [
    { name: 'INTEROP_SOCKET', what: "the absolute path of the node's lightning-rpc, or" },
    { name: 'INTEROP_URL', what: "clnrest's address, for example https://127.0.0.1:3010," },
    { name: 'INTEROP_CA', what: "the file of the node's ca.pem and" },
    { name: 'INTEROP_RUNE', what: 'a rune, created as docs/nodes/core-lightning.md says' },
    {
      name: 'INTEROP_JUDGE_RUNE',
      what: "over clnrest: a rune for listpeerchannels and listchainmoves; without it, the judge does not read the node's ledger",
    },
  ],
  eclair: [
    { name: 'INTEROP_URL', what: "the API's address, for example http://127.0.0.1:8080", required: true },
    { name: 'INTEROP_PASSWORD', what: 'eclair.api.password', required: true },
  ],
  phoenixd: [
    { name: 'INTEROP_URL', what: 'its address, for example http://127.0.0.1:9740', required: true },
    { name: 'INTEROP_PASSWORD', what: 'http-password', required: true },
  ],
  'ldk-server': [
    { name: 'INTEROP_URL', what: 'its address, for example https://127.0.0.1:3536', required: true },
    { name: 'INTEROP_CA', what: "the file of the server's tls.crt", required: true },
    { name: 'INTEROP_API_KEY', what: 'the 64 hex digits of its file api_key', required: true },
  ],
}

/** The calls at which a command is interrupted, for nodes whose calls can be tapped. */
export const POINTS: Readonly<Record<Kind, readonly Point[]>> = {
  cln: [
    { when: 'after', method: 'splice_init' },
    { when: 'before', method: 'splice_signed' },
    { when: 'during', method: 'splice_signed' },
    { when: 'after', method: 'splice_signed' },
  ],
  eclair: (['splicein', 'spliceout'] as const).flatMap((method) => [
    { when: 'during', method },
    { when: 'after', method },
  ]),
  phoenixd: [
    { when: 'during', method: 'spliceout' },
    { when: 'after', method: 'spliceout' },
  ],
  'ldk-server': [],
}

const Environment = z.record(z.string(), z.string().optional())
const AN_UNKNOWN_RUNE = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='

/** The variables for a kind of node, one per line, without those in `given`. */
export function usageOf(kind: Kind, given: ReadonlySet<string> = new Set()): string[] {
  return [...WAYS[kind], ...COMMON]
    .filter(({ name }) => !given.has(name))
    .map(({ name, what, required }) => `  ${name.padEnd(26)}${what}${required === true ? ' (required)' : ''}`)
}

/** Reads a run's environment. Throws LocalError that names what is missing or invalid, but never a value. */
export function settingsOf(kind: Kind, environment: unknown): Settings {
  const values = Environment.parse(environment)
  const value = (name: string): string | undefined => values[name] || undefined
  refuseIncomplete(kind, value)
  const network = Network.parse(value('INTEROP_NETWORK') ?? 'regtest')
  if (network === 'bitcoin') throw new LocalError('INTEROP_NETWORK: never run this with real money')
  const bitcoind = bitcoindOf(value)
  const chain = { kind: 'bitcoind', ...bitcoind }
  const nodeId = value('INTEROP_NODE_ID') ?? ''
  const pace = Pace.parse(value('INTEROP_PACE') ?? (network === 'regtest' ? 'quick' : 'real'))
  const common = { name: 'node', network, nodeId, tenants: [TENANT], chain }
  const entryWith = (secret: string | undefined): NodeEntry => {
    const [entry] = parseNodes([{ ...common, ...wayOf(kind, value, secret, pace) }], 'the environment')
    if (entry === undefined) throw new LocalError('no node')
    return entry
  }
  const entry = entryWith(undefined)
  const local = entry.kind === 'core-lightning' && entry.socketPath !== undefined
  return {
    kind,
    entry,
    stranger: local ? null : entryWith(kind === 'cln' ? AN_UNKNOWN_RUNE : '7b'.repeat(32)),
    nodeId,
    channelId: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'INTEROP_CHANNEL: must be 64 hex digits')
      .parse(value('INTEROP_CHANNEL')),
    bitcoind,
    judge: judgeOf(kind, entry, value),
    commands: {
      mine: value('INTEROP_MINE') ?? null,
      disconnect: value('INTEROP_DISCONNECT') ?? null,
      restart: value('INTEROP_RESTART') ?? null,
    },
    amountSats: Sats.parse(value('INTEROP_AMOUNT_SATS') ?? '20000'),
    address: value('INTEROP_ADDRESS') ?? null,
    limitMs: Seconds.parse(value('INTEROP_LIMIT_SECONDS') ?? '600') * 1000,
    pace,
  }
}

const Pace = z.enum(['quick', 'real'], 'INTEROP_PACE: must be quick or real')
const Sats = z.coerce.number('INTEROP_AMOUNT_SATS: must be a number').int().min(1_000).max(10_000_000)
const Seconds = z.coerce.number('INTEROP_LIMIT_SECONDS: must be a number').int().min(10).max(86_400)

type Value = (name: string) => string | undefined

function refuseIncomplete(kind: Kind, value: Value): void {
  const known = [...WAYS[kind], ...COMMON]
  const missing = known.filter(({ name, required }) => required === true && value(name) === undefined)
  const lines = missing.map(({ name, what }) => `  ${name.padEnd(26)}${what}`)
  const remote = ['INTEROP_URL', 'INTEROP_CA', 'INTEROP_RUNE'].filter((name) => value(name) === undefined)
  if (kind === 'cln' && value('INTEROP_SOCKET') === undefined && remote.length > 0)
    lines.push(`  INTEROP_SOCKET, or ${remote.join(', ')}`)
  const user = ['INTEROP_BITCOIND_USER', 'INTEROP_BITCOIND_PASSWORD']
  if (value('INTEROP_BITCOIND_COOKIE') === undefined && user.some((name) => value(name) === undefined))
    lines.push(`  INTEROP_BITCOIND_COOKIE, or ${user.join(' and ')}`)
  if (lines.length === 0) return
  const given = new Set(known.map(({ name }) => name).filter((name) => value(name) !== undefined))
  const rest = usageOf(kind, given)
  throw new LocalError(['Missing:', ...lines, '', 'Not set:', ...rest].join('\n'))
}

function bitcoindOf(value: Value): RpcConfig {
  const url = value('INTEROP_BITCOIND_URL') ?? ''
  const cookieFile = value('INTEROP_BITCOIND_COOKIE')
  if (cookieFile !== undefined) return { url, cookieFile }
  return {
    url,
    user: value('INTEROP_BITCOIND_USER') ?? '',
    password: value('INTEROP_BITCOIND_PASSWORD') ?? '',
  }
}

/** How to reach the node; `secret` replaces its credential if given. */
function wayOf(kind: Kind, value: Value, secret: string | undefined, pace: Pace): Record<string, unknown> {
  const url = value('INTEROP_URL')
  switch (kind) {
    case 'cln': {
      const periods = pace === 'quick' ? { attemptSeconds: 15, clockSkewSeconds: 1 } : {}
      const socketPath = value('INTEROP_SOCKET')
      if (socketPath !== undefined) return { kind: 'core-lightning', socketPath, ...periods }
      const rune = secret ?? value('INTEROP_RUNE')
      return { kind: 'core-lightning', url, certificate: fileIn(value, 'INTEROP_CA'), rune, ...periods }
    }
    case 'eclair':
    case 'phoenixd':
      return { kind, url, password: secret ?? value('INTEROP_PASSWORD') }
    case 'ldk-server': {
      const auth = { scheme: 'hmac', apiKey: secret ?? value('INTEROP_API_KEY') }
      return { kind, url, certificate: fileIn(value, 'INTEROP_CA'), auth }
    }
  }
}

function fileIn(value: Value, name: string): string {
  const text = textIn(value(name) ?? '')
  if (text === null) throw new LocalError(`${name}: the file does not exist`)
  return text
}

function judgeOf(kind: Kind, entry: NodeEntry, value: Value): ClnConfig | null {
  if (kind !== 'cln' || entry.kind !== 'core-lightning') return null
  const rune = value('INTEROP_JUDGE_RUNE')
  return rune === undefined || entry.socketPath !== undefined ? entry : { ...entry, rune }
}
