import { createRoute, z, type RouteHandler } from '@hono/zod-openapi'
import { channelKey } from '../../core/ports/records.ts'
import { satPerVb } from '../../core/bitcoin/money.ts'
import { finalDepthOf, paymentOf } from '../../core/ledger/payment.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { requireScope } from './auth.ts'
import { router, type ApiDeps, type ApiEnv } from './context.ts'
import { csvRecord, type Cell } from './csv.ts'
import { commonProblems } from './problem.ts'
import { Time, instantOf } from './splice-body.ts'
import { isoOf } from './view.ts'

const PAGE = 100
/** A Lambda response holds 6 MB at most. These bounds stay well below it, even with one more page of rows. */
const ROWS_MAX = 500
const BYTES_MAX = 3_000_000
const LABELS_MAX = 20

const COLUMNS = [
  'payment_id',
  'splice_id',
  'kind',
  'payment_status',
  'splice_status',
  'node',
  'channel',
  'network',
  'address',
  'amount_sats',
  'fee_sats',
  'fee_rate_sat_per_vb',
  'txid',
  'confirmations',
  'block_height',
  'block_hash',
  'created_at',
  'settled_at',
  'metadata',
] as const

const Labels = z
  .string()
  .max(2_000)
  .transform((text) => text.split(','))
  .pipe(z.array(z.string().min(1)).max(LABELS_MAX))
  .openapi({ type: 'string', example: 'order,customer' })

const csvRoute = createRoute({
  method: 'get',
  path: '/v1/payments.csv',
  operationId: 'exportPayments',
  summary: 'Export payments as CSV',
  description:
    'The payments of your splices, newest first: RFC 4180 in UTF-8. Text that a spreadsheet would compute ' +
    'is prefixed with an apostrophe. If there are more rows, a `Link` header with `rel="next"` leads to ' +
    'them. Every part begins with the column names. The export may lag by a moment.',
  tags: ['payments'],
  security: [{ key: [] }],
  middleware: requireScope('splices:read'),
  request: {
    query: z.strictObject({
      after: Time.optional().openapi({ description: 'Only splices ordered after this time.' }),
      labels: Labels.optional().openapi({
        description: 'Metadata fields to add as columns of their own, after the others.',
      }),
      cursor: z.string().min(1).optional().openapi({ description: 'The cursor from the `Link` header.' }),
    }),
  },
  responses: {
    ...commonProblems,
    200: {
      description: 'A header line, and a line for each payment.',
      headers: z.object({
        Link: z.string().optional().openapi({ description: 'The URL of the next part. Absent: this is the last one.' }),
      }),
      content: { 'text/csv': { schema: z.string() } },
    },
  },
})

const exported: RouteHandler<typeof csvRoute, ApiEnv> = async (c) => {
  const { deps, key } = c.var
  const { after, labels = [], cursor = null } = c.req.valid('query')
  const found = await partOf(deps, key.tenant, { after: instantOf(after), labels, cursor })
  c.header('Content-Type', 'text/csv; charset=utf-8; header=present')
  c.header('Content-Disposition', 'attachment; filename="payments.csv"')
  if (found.cursor !== null) {
    const query = new URLSearchParams({ cursor: found.cursor })
    if (after !== undefined) query.set('after', after)
    if (labels.length > 0) query.set('labels', labels.join(','))
    c.header('Link', `</v1/payments.csv?${query.toString()}>; rel="next"`)
  }
  return c.body(found.text, 200)
}

type Selection = {
  readonly after: number | null
  readonly labels: readonly string[]
  readonly cursor: string | null
}

/** As many rows as one response may hold, and the cursor of the next part. */
async function partOf(deps: ApiDeps, tenant: string, { after, labels, cursor: start }: Selection) {
  const { store } = deps.ports
  const rowOf = rowsWith(deps, labels)
  let text = csvRecord([...COLUMNS, ...labels.map((label) => `metadata.${label}`)])
  let cursor = start
  let rows = 0
  do {
    const page = await store.byTenant(tenant, PAGE, cursor)
    const found = new Map((await store.loadMany(page.ids)).map((splice) => [splice.id, splice]))
    for (const id of page.ids) {
      const splice = found.get(id)
      if (splice?.tenant !== tenant) continue
      // Newest first: all that follow are older still.
      if (after !== null && splice.createdAt <= after) return { text, cursor: null }
      text += csvRecord(await rowOf(splice))
    }
    rows += page.ids.length
    cursor = page.cursor
  } while (cursor !== null && rows < ROWS_MAX && Buffer.byteLength(text) < BYTES_MAX)
  return { text, cursor }
}

/** Builds the rows of payments. Reads each chain tip and each channel once. */
function rowsWith({ ports, policy }: ApiDeps, labels: readonly string[]) {
  const tipOf = once(async (network) => (await ports.store.item('chain', network))?.value.height ?? null)
  const lockDepthOf = once(async (key) => (await ports.store.item('channel', key))?.value.lockDepth ?? null)
  return async (splice: Splice): Promise<Cell[]> => {
    const tipHeight = await tipOf(splice.network)
    const lockDepth = await lockDepthOf(channelKey(splice.node, splice.channelId))
    const payment = paymentOf(splice, tipHeight, finalDepthOf(policy, lockDepth))
    const { feeRateSatPerKw, block, metadata } = payment
    const row: Readonly<Record<(typeof COLUMNS)[number], Cell>> = {
      payment_id: payment.id,
      splice_id: splice.id,
      kind: payment.kind,
      payment_status: payment.status,
      splice_status: splice.state,
      node: payment.node,
      channel: payment.channelId,
      network: payment.network,
      address: splice.address,
      amount_sats: payment.amountSats,
      fee_sats: payment.feeSats,
      fee_rate_sat_per_vb: feeRateSatPerKw === null ? null : satPerVb(feeRateSatPerKw),
      txid: payment.txid,
      confirmations: payment.confirmations,
      block_height: block?.height ?? null,
      block_hash: block?.hash ?? null,
      created_at: isoOf(payment.createdAt),
      settled_at: splice.settledAt === null ? null : isoOf(splice.settledAt),
      metadata: JSON.stringify(metadata),
    }
    const labelled = labels.map((label) => (Object.hasOwn(metadata, label) ? (metadata[label] ?? null) : null))
    return [...COLUMNS.map((column) => row[column]), ...labelled]
  }
}

/** Caches the result for each key. */
function once<T>(ask: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const known = new Map<string, Promise<T>>()
  return (key) => {
    const answer = known.get(key) ?? ask(key)
    known.set(key, answer)
    return answer
  }
}

/** The CSV export of the ledger, for accounting. */
export function paymentsCsvRoutes() {
  return router().openapi(csvRoute, exported)
}
