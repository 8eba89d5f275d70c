import * as z from 'zod'
import { parseNodes, type NodeEntry } from '../adapters/node/configured.ts'
import type { ApiKey } from '../core/ports/records.ts'
import { parseKeys } from '../adapters/keys/configured-keys.ts'
import { jsonOf, parsed, parseSettings, type Settings } from './settings.ts'

/** The resources that the functions are linked to, under the names that `stacks/links.ts` gives them. */
export const Links = z.object({
  Table: z.object({ name: z.string() }),
  WorkQueue: z.object({ url: z.string() }),
  NodeEventsQueue: z.object({ url: z.string() }),
  WebhooksQueue: z.object({ url: z.string() }),
  Nodes: z.object({ value: z.string() }),
  Keys: z.object({ value: z.string() }),
})

/** The complete configuration of a function: its linked resources and its environment. */
export type Configuration = Settings & {
  readonly tableName: string
  readonly workQueueUrl: string
  readonly nodeEventsQueueUrl: string
  readonly webhooksQueueUrl: string
  readonly nodes: readonly NodeEntry[]
  /** API keys beside those in the table, by hash. One of them creates the first key of the table. */
  readonly keys: ReadonlyMap<string, ApiKey>
}

/** Reads links and environment. Throws Misconfigured, which names the setting that is wrong. */
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
