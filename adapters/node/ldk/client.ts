import type { Clock } from '../../../core/ports/ports.ts'
import { err, ok } from '../../../core/values/result.ts'
import { calls } from './calls.ts'
import type { LdkConfig } from './config.ts'
import { type Connection, openConnection } from './connection.ts'
import type { LdkPayment, LdkRpc, RpcAnswer, RpcOptions } from './rpc.ts'

const MAX_PAGES = 10

/** An ldk-server over the wire, and the end of the connection to it. */
export type LdkClient = LdkRpc & {
  /** Destroys the connection; calls that have no answer yet end with a fault. */
  close(): void
}

/** On-chain payments of all pages, of a server that goes on giving pages the first ten. */
async function listPayments(
  connection: Connection,
  options: RpcOptions,
): Promise<RpcAnswer<readonly LdkPayment[]>> {
  let payments: readonly LdkPayment[] = []
  let pageToken: Uint8Array | null = null
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer: RpcAnswer<{
      readonly payments: readonly LdkPayment[]
      readonly nextPageToken: Uint8Array | null
    }> = await connection.call(calls.listPayments, pageToken, options)
    if (!answer.ok) return err(answer.error)
    payments = payments.concat(answer.value.payments)
    pageToken = answer.value.nextPageToken
    if (pageToken === null) break
  }
  return ok(payments)
}

/**
 * The client of an ldk-server: gRPC over TLS (docs/reference/ldk.md 6). Every call is sent at most once, is signed with
 * `signedAt` or the clock's now, and ends with its signal. Nothing throws: what has no status is a fault without one.
 */
export function ldkClient(config: LdkConfig, clock: Clock): LdkClient {
  const connection = openConnection(config, clock)
  return {
    getNodeInfo: (options) => connection.call(calls.getNodeInfo, undefined, options),
    listChannels: (options) => connection.call(calls.listChannels, undefined, options),
    listPeers: (options) => connection.call(calls.listPeers, undefined, options),
    getBalances: (options) => connection.call(calls.getBalances, undefined, options),
    getPayment: (paymentId, options) => connection.call(calls.getPayment, paymentId, options),
    listPayments: (options) => listPayments(connection, options),
    onchainReceive: (options) => connection.call(calls.onchainReceive, undefined, options),
    connectPeer: (nodeId, address, options) =>
      connection.call(calls.connectPeer, { nodeId, address }, options),
    spliceIn: (request, options) => connection.call(calls.spliceIn, request, options),
    async spliceOut(request, options) {
      const answer = await connection.call(calls.spliceOut, request, options)
      return answer.ok ? ok({ address: answer.value }) : answer
    },
    bumpFee: (request, options) => connection.call(calls.bumpFee, request, options),
    close: () => connection.close(),
  }
}
