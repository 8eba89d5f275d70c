import * as z from 'zod'
import type { NodeEntry } from '../adapters/node/configured.ts'
import { parseNodes } from '../adapters/node/configured.ts'
import type { ApiKey } from '../core/ports/records.ts'
import { parseKeys } from '../adapters/keys/configured-keys.ts'
import type { Settings } from './settings.ts'
import { jsonOf, parsed, parseSettings } from './settings.ts'

/** What the functions are linked to, by the names of the stacks. */
export const Links = z.object({
  Table: z.object({ name: z.string() }),
  WorkQueue: z.object({ url: z.string() }),
  NodeEventsQueue: z.object({ url: z.string() }),
  WebhooksQueue: z.object({ url: z.string() }),
  Nodes: z.object({ value: z.string() }),
  Keys: z.object({ value: z.string() }),
})

/** Everything that the functions are told from outside. */
export type Configuration = Settings & {
  readonly tableName: string
  readonly workQueueUrl: string
  readonly nodeEventsQueueUrl: string
  readonly webhooksQueueUrl: string
  readonly nodes: readonly NodeEntry[]
  /** Keys beside those of the table, by their hash: with one of them the first is made. */
  readonly keys: ReadonlyMap<string, ApiKey>
}

/** Reads links and environment. Throws Misconfigured, naming what is wrong. */
export function parseConfiguration(links: unknown, environment: unknown): Configuration {
  const linked = parsed('link', Links, links)
  return {
    ...parseSettings(environment),
    tableName: linked.Table.name,
    workQueueUrl: linked.WorkQueue.url,
    nodeEventsQueueUrl: linked.NodeEventsQueue.url,
    webhooksQueueUrl: linked.WebhooksQueue.url,
    nodes: parseNodes(jsonOf('secret Nodes', linked.Nodes.value), 'secret Nodes'),
    keys: parseKeys(jsonOf('secret Keys', linked.Keys.value), 'secret Keys'),
  }
}
