import { isAbsolute } from 'node:path'
import * as z from 'zod'
import type { ChainPort, Clock, ConfiguredNode, NodePort } from '../../core/ports/ports.ts'
import { err } from '../../core/values/result.ts'
import { Network } from '../../core/bitcoin/network.ts'
import { bitcoind } from '../chain/bitcoind/bitcoind.ts'
import { esplora } from '../chain/esplora/esplora.ts'
import { withGenesis } from '../chain/genesis.ts'
import { severalSources } from '../chain/several-sources.ts'
import { Misconfigured } from '../misconfigured.ts'
import { clnPermissions, clnRpcOf } from './cln/client.ts'
import { ClnConfig, reachable } from './cln/config.ts'
import { clnNode } from './cln/node.ts'
import { eclairClient } from './eclair/client.ts'
import { eclairNode } from './eclair/node.ts'
import { HttpNodeConfig } from '../net/form-client.ts'
import { ldkClient } from './ldk/client.ts'
import { LdkConfig } from './ldk/config.ts'
import { ldkNode } from './ldk/node.ts'
import { lndNode } from './lnd/node.ts'
import { phoenixdClient } from './phoenixd/client.ts'
import { phoenixdNode } from './phoenixd/node.ts'

const RELAY_KEY_CHARACTERS = 32

const isWeb = (text: string): boolean => ['http:', 'https:'].includes(URL.parse(text)?.protocol ?? '')
const Name = (what: string) => z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, `must be ${what}: a-z, 0-9, - and _`)

const MAX_CHAIN_SOURCES = 4

const isPlainWeb = (text: string): boolean => {
  const url = URL.parse(text)
  return isWeb(text) && url?.username === '' && url.password === ''
}

const Esplora = z.strictObject({
  kind: z.literal('esplora'),
  url: z.string().refine(isWeb, 'must be an http or https URL'),
})

/** A Bitcoin Core, with a user of its configuration or with the cookie file that it rewrites at each start. */
const Bitcoind = z
  .strictObject({
    kind: z.literal('bitcoind'),
    url: z.string().refine(isPlainWeb, 'must be an http or https URL without credentials'),
    user: z
      .string()
      .regex(/^[^:]+$/, 'must be a name without a colon')
      .optional(),
    password: z.string().min(1).optional(),
    cookieFile: z.string().refine(isAbsolute, 'must be an absolute path').optional(),
  })
  .transform(({ kind, url, user, password, cookieFile }, context) => {
    if (cookieFile !== undefined && user === undefined && password === undefined) return { kind, url, cookieFile }
    if (cookieFile === undefined && user !== undefined && password !== undefined) return { kind, url, user, password }
    const message = 'needs either user and password, or cookieFile'
    context.issues.push({ code: 'custom', message, input: null })
    return z.NEVER
  })

const ChainSource = z.discriminatedUnion('kind', [Esplora, Bitcoind])
type ChainSource = z.infer<typeof ChainSource>

const ChainSourceList = z
  .array(ChainSource)
  .min(1, 'needs at least one')
  .max(MAX_CHAIN_SOURCES, `takes at most ${MAX_CHAIN_SOURCES}`)

/** One chain source, or a list of sources that are combined; parsed into a list either way. */
const ChainSources = z.unknown().transform((value, context): [ChainSource, ...ChainSource[]] => {
  const isList = Array.isArray(value)
  const parsed = ChainSourceList.safeParse(isList ? value : [value])
  const [first, ...others] = parsed.data ?? []
  if (first !== undefined) return [first, ...others]
  for (const { message, path } of parsed.error?.issues ?? [])
    context.issues.push({ code: 'custom', message, path: isList ? path : path.slice(1), input: null })
  return z.NEVER
})

const NodeIdText = z.string().regex(/^0[23][0-9a-f]{64}$/, 'must be a compressed public key in lower-case hex')

/** The fields that all kinds of nodes share. */
const common = {
  name: Name('a name'),
  network: Network,
  /** The tenants that may use the node; for others it does not exist. */
  tenants: z.array(Name('a tenant')).min(1),
  /** Default: the first node id seen is pinned. */
  nodeId: NodeIdText.optional(),
  relayKey: z.string().min(RELAY_KEY_CHARACTERS).optional(),
  /** The operator's statement that this much quiet proves that an attempt was not executed on this node. */
  quietAbsenceSeconds: z.int().positive().optional(),
  chain: ChainSources,
}

/** One node of the nodes file or of the secret `Nodes`. Issues name the field, never a value. */
export const NodeEntry = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ldk-server'), ...common, ...LdkConfig.shape }),
  z.strictObject({
    kind: z.literal('eclair'),
    ...common,
    ...HttpNodeConfig.shape,
    /** Eclair's setting `eclair.channel.min-depth-blocks`, if it is not 8: the API does not report it. */
    minDepthBlocks: z.int().min(1).max(144).optional(),
  }),
  z.strictObject({ kind: z.literal('phoenixd'), ...common, ...HttpNodeConfig.shape }),
  /** LND has no splicing. Listing it makes orders fail with that reason; the node is never contacted. */
  z.strictObject({ kind: z.literal('lnd'), ...common, nodeId: NodeIdText }),
  z.strictObject({ kind: z.literal('core-lightning'), ...common, ...ClnConfig.shape }).superRefine(reachable),
])
export type NodeEntry = z.infer<typeof NodeEntry>

/** Reads a list of nodes. Errors call the list `source`. Throws Misconfigured with one line per wrong field. */
export function parseNodes(value: unknown, source: string): NodeEntry[] {
  const parsed = z.array(NodeEntry).safeParse(value)
  if (!parsed.success) {
    throw new Misconfigured(parsed.error.issues.map((issue) => `${source}: ${lineOf(issue, value)}`).join('\n'))
  }
  const names = parsed.data.map(({ name }) => name)
  const twice = names.find((name, n) => names.indexOf(name) !== n)
  if (twice !== undefined) throw new Misconfigured(`${source}: two nodes are called ${twice}`)
  return parsed.data
}

function lineOf(issue: z.core.$ZodIssue, value: unknown): string {
  const [position, ...field] = issue.path
  if (typeof position !== 'number') return `must be a list of nodes (${issue.message})`
  const name = Array.isArray(value) ? nameOf(value[position]) : null
  const node = name === null ? `node ${position + 1}` : `node ${name}`
  return `${node}: ${field.length === 0 ? '' : `${field.join('.')}: `}${issue.message}`
}

/** The entry's own name, if it is safe to print. */
function nameOf(entry: unknown): string | null {
  const named = z.looseObject({ name: common.name }).safeParse(entry)
  return named.success ? named.data.name : null
}

/** A node port with its chain source and tenants. Does not connect yet. */
export function configuredNode(entry: NodeEntry, clock: Clock): ConfiguredNode {
  const [first, ...others] = entry.chain
  return {
    name: entry.name,
    port: onNetwork(entry.network, portOf(entry, clock)),
    chain: severalSources([chainOf(first, entry.network), ...others.map((each) => chainOf(each, entry.network))]),
    tenants: entry.tenants,
    nodeId: entry.nodeId ?? null,
    relayKey: entry.relayKey ?? null,
    quietAbsenceMs: entry.quietAbsenceSeconds === undefined ? null : entry.quietAbsenceSeconds * 1000,
  }
}

function portOf(entry: NodeEntry, clock: Clock): NodePort {
  switch (entry.kind) {
    case 'ldk-server': {
      const { authWindowSeconds, clockSkewSeconds, overlapGuard } = entry
      return ldkNode(ldkClient(entry, clock), { clock, authWindowSeconds, clockSkewSeconds, overlapGuard })
    }
    case 'core-lightning': {
      const { network, attemptSeconds, clockSkewSeconds } = entry
      const permissions = clnPermissions(entry)
      return clnNode(clnRpcOf(entry, clock), {
        clock,
        network,
        permissions,
        attemptSeconds,
        clockSkewSeconds,
      })
    }
    case 'eclair': {
      const { minDepthBlocks } = entry
      return eclairNode(eclairClient(entry), {
        clock,
        ...(minDepthBlocks === undefined ? {} : { minDepthBlocks }),
      })
    }
    case 'phoenixd':
      return phoenixdNode(phoenixdClient(entry), { clock })
    case 'lnd':
      return lndNode(entry.nodeId, entry.network, clock)
  }
}

/** Warnings about a usable entry: a rune that allows too little or too much. */
export function warningsOf(entry: NodeEntry): readonly string[] {
  return entry.kind === 'core-lightning' ? clnPermissions(entry).warnings : []
}

function chainOf(source: ChainSource, network: Network): ChainPort {
  // Bitcoin Core names its network; an Esplora is known by its first block.
  return source.kind === 'esplora'
    ? withGenesis(network, esplora({ url: source.url }))
    : bitcoind({ ...source, network })
}

/** Rejects looks at a node on another network than configured, so that it is never taken for this one. */
function onNetwork(network: Network, port: NodePort): NodePort {
  return {
    ...port,
    async look(call) {
      const look = await port.look(call)
      if (!look.ok || look.value.network === network) return look
      return err({ class: 'config', message: `the node is on ${look.value.network}, not on ${network}` })
    },
  }
}
