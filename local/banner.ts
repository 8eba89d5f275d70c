import { randomBytes } from 'node:crypto'
import { networks, payments } from 'bitcoinjs-lib'
import { spliceIdOf } from '../core/splice/ids.ts'
import type { Endpoints } from './endpoints.ts'
import { TENANT } from './keys.ts'

const AMOUNT_SATS = 50_000

const curl = (endpoints: Endpoints, request: string): string =>
  `curl -sS -H 'Authorization: Bearer ${endpoints.key}' ${request}`

/** An address that nobody owns, so that nothing else pays it. */
function freshAddress(): string {
  const { address } = payments.p2wpkh({ hash: randomBytes(20), network: networks.regtest })
  if (address === undefined) throw new Error('no address of 20 bytes')
  return address
}

/** Three lines to paste: order, read, list. With real nodes none of them spends money. */
function curlLines(endpoints: Endpoints): string[] {
  const { api, node, channels } = endpoints
  if (node === null) {
    return [
      curl(endpoints, `${api}/v1/nodes`),
      curl(endpoints, `${api}/v1/channels`),
      curl(endpoints, `${api}/v1/splices`),
    ]
  }
  const idempotencyKey = `order-${randomBytes(4).toString('hex')}`
  const body = JSON.stringify({
    node,
    channel: channels[0],
    kind: 'splice_out',
    amountSats: AMOUNT_SATS,
    address: freshAddress(),
  })
  const headers = `-H 'Idempotency-Key: ${idempotencyKey}' -H 'Content-Type: application/json'`
  return [
    curl(endpoints, `${headers} -d '${body}' ${api}/v1/splices`),
    curl(endpoints, `${api}/v1/splices/${spliceIdOf(TENANT, idempotencyKey)}`),
    curl(endpoints, `${api}/v1/splices`),
  ]
}

/** The text printed once everything is up: what runs where, a key, and lines to paste. */
export function bannerOf(endpoints: Endpoints, facts: { dataDir: string; blockSeconds: number }): string {
  const rows = [
    ['API', endpoints.api],
    ['dashboard', `${endpoints.api}/`],
    ['API docs', `${endpoints.api}/docs (${endpoints.api}/openapi.json)`],
    ...(endpoints.node === null
      ? []
      : [
          ['node', `${endpoints.node}, a simulated ldk-server, ${endpoints.nodeUrl ?? ''} (gRPC over TLS)`],
          ['chain', `${endpoints.esplora ?? ''} (Esplora), ${blocksIn(facts.blockSeconds)}`],
          ['simulator', 'npm run sim -- help'],
        ]),
    ['table', `${endpoints.table} (DynamoDB), kept in ${facts.dataDir}`],
    ['queues', `${endpoints.queues} (SQS), in memory`],
    ['key', endpoints.key],
  ]
  const table = rows.map(([name = '', value = '']) => `  ${name.padEnd(10)}${value}`)
  const [first, second, third] = curlLines(endpoints)
  return [
    'Splicekeeper is running. Ctrl-C stops it; accepted splices are kept.',
    '',
    ...table,
    '',
    endpoints.node === null ? 'Look around:' : 'Order a splice, read it, list all splices:',
    '',
    first,
    '',
    second,
    '',
    third,
    '',
    '',
  ].join('\n')
}

function blocksIn(blockSeconds: number): string {
  return blockSeconds === 0 ? 'blocks only by command' : `a block every ${blockSeconds} s`
}
