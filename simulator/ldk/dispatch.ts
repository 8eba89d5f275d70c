import { calls, decodeMessage, encodeMessage, type RpcMethod } from '../../adapters/node/ldk/calls.ts'
import { methodNamed } from '../../adapters/node/ldk/messages.ts'
import type { LdkPayment, LdkRpc, RpcAnswer, RpcOptions } from '../../adapters/node/ldk/rpc.ts'
import type { PaymentPage } from '../../adapters/node/ldk/payments.ts'
import { err, ok } from '../../core/values/result.ts'

/** Handles one method: takes a request message, returns a response message or a status. */
export type Handler = (rpc: LdkRpc, message: Uint8Array, options: RpcOptions) => Promise<RpcAnswer<Uint8Array>>

const PAGE_PAYMENTS = 100

function on<Q, A>(
  method: RpcMethod<Q, A>,
  run: (rpc: LdkRpc, request: Q, options: RpcOptions) => Promise<RpcAnswer<A>>,
): readonly [string, Handler] {
  const { input, output } = methodNamed(method.name)
  const handler: Handler = async (rpc, message, options) => {
    const request = decodeMessage(input, method.request, message)
    if (request === null) return err({ status: 3, message: 'Malformed request' })
    const answer = await run(rpc, request.value, options)
    return answer.ok ? ok(encodeMessage(output, method.response, answer.value)) : answer
  }
  return [method.name, handler]
}

/** For a method with an empty response. */
const done = (answer: RpcAnswer<void>): RpcAnswer<undefined> => (answer.ok ? ok(undefined) : answer)

/** The requested page of payments. Page tokens are the index of the page's first payment. */
function pageOf(payments: readonly LdkPayment[], token: Uint8Array | null): PaymentPage {
  const start = token === null ? 0 : Number(Buffer.from(token).toString())
  const end = start + PAGE_PAYMENTS
  return {
    payments: payments.slice(start, end),
    nextPageToken: end < payments.length ? Buffer.from(String(end)) : null,
  }
}

/** The methods of the simulated ldk-server, by short name. */
export const handlers: ReadonlyMap<string, Handler> = new Map([
  on(calls.getNodeInfo, (rpc, _, options) => rpc.getNodeInfo(options)),
  on(calls.listChannels, (rpc, _, options) => rpc.listChannels(options)),
  on(calls.listPeers, (rpc, _, options) => rpc.listPeers(options)),
  on(calls.getBalances, (rpc, _, options) => rpc.getBalances(options)),
  on(calls.getPayment, (rpc, paymentId, options) => rpc.getPayment(paymentId, options)),
  on(calls.listPayments, async (rpc, token, options) => {
    const answer = await rpc.listPayments(options)
    return answer.ok ? ok(pageOf(answer.value, token)) : answer
  }),
  on(calls.onchainReceive, (rpc, _, options) => rpc.onchainReceive(options)),
  on(calls.connectPeer, async (rpc, peer, options) => done(await rpc.connectPeer(peer.nodeId, peer.address, options))),
  on(calls.spliceIn, async (rpc, splice, options) => done(await rpc.spliceIn(splice, options))),
  on(calls.spliceOut, async (rpc, splice, options) => {
    const answer = await rpc.spliceOut(splice, options)
    return answer.ok ? ok(answer.value.address) : answer
  }),
  on(calls.bumpFee, async (rpc, bump, options) => done(await rpc.bumpFee(bump, options))),
])
