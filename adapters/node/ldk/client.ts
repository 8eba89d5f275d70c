import type { Clock } from '../../../core/ports/ports.ts'
import { err, ok } from '../../../core/values/result.ts'
import { calls, type RpcMethod } from './calls.ts'
import type { LdkConfig } from './config.ts'
import { type Connection, openConnection } from './connection.ts'
import { again } from '../../net/again.ts'
import { isIdentityFault } from '../../net/tls-pinning.ts'
import type { LdkPayment, LdkRpc, RpcAnswer, RpcOptions } from './rpc.ts'

const MAX_PAGES = 10

/** The RPC of an ldk-server over the network. */
export type LdkClient = LdkRpc & {
  /** Closes the connection; unanswered calls end with a fault. */
  close(): void
}

/**
 * A call that changes nothing: it is sent again when it ends without a status of the server. Of another server at the
 * address nothing is asked again.
 */
function read<Q, A>(
  connection: Connection,
  method: RpcMethod<Q, A>,
  request: Q,
  options: RpcOptions,
): Promise<RpcAnswer<A>> {
  return again(
    () => connection.call(method, request, options),
    (answer) => !answer.ok && answer.error.status === null && !isIdentityFault(answer.error),
    options.signal,
  )
}

/** The on-chain payments of all pages, or of the first ten if the server keeps giving more. */
async function listPayments(connection: Connection, options: RpcOptions): Promise<RpcAnswer<readonly LdkPayment[]>> {
  let payments: readonly LdkPayment[] = []
  let pageToken: Uint8Array | null = null
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer: RpcAnswer<{
      readonly payments: readonly LdkPayment[]
      readonly nextPageToken: Uint8Array | null
    }> = await read(connection, calls.listPayments, pageToken, options)
    if (!answer.ok) return err(answer.error)
    payments = payments.concat(answer.value.payments)
    pageToken = answer.value.nextPageToken
    if (pageToken === null) break
  }
  return ok(payments)
}

/**
 * A client of an ldk-server: gRPC over TLS (docs/reference/ldk.md 6). A command is sent at most once. Each call is
 * signed with `signedAt` or the current time, and ends with its signal. Never throws; an outcome without a status is
 * a fault without one.
 */
export function ldkClient(config: LdkConfig, clock: Clock): LdkClient {
  const connection = openConnection(config, clock)
  return {
    getNodeInfo: (options) => read(connection, calls.getNodeInfo, undefined, options),
    listChannels: (options) => read(connection, calls.listChannels, undefined, options),
    listPeers: (options) => read(connection, calls.listPeers, undefined, options),
    getBalances: (options) => read(connection, calls.getBalances, undefined, options),
    getPayment: (paymentId, options) => read(connection, calls.getPayment, paymentId, options),
    listPayments: (options) => listPayments(connection, options),
    onchainReceive: (options) => connection.call(calls.onchainReceive, undefined, options),
    connectPeer: (nodeId, address, options) => connection.call(calls.connectPeer, { nodeId, address }, options),
    spliceIn: (request, options) => connection.call(calls.spliceIn, request, options),
    async spliceOut(request, options) {
      const answer = await connection.call(calls.spliceOut, request, options)
      return answer.ok ? ok({ address: answer.value }) : answer
    },
    bumpFee: (request, options) => connection.call(calls.bumpFee, request, options),
    close: () => connection.close(),
  }
}
