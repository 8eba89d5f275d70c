import { create, fromBinary, toBinary, type DescMessage } from '@bufbuild/protobuf'
import * as z from 'zod'
import { AmountSats } from '../../../core/bitcoin/money.ts'
import {
  Balances,
  ChannelList,
  type Codec,
  NodeId,
  NodeInfo,
  PeerList,
  SocketAddress,
  uint64,
  UserChannelId,
} from './codecs.ts'
import type { MethodName } from './messages.ts'
import { PageRequest, PaymentDetails, PaymentPage } from './payments.ts'
import type { LdkBump, LdkSpliceIn, LdkSpliceOut } from './rpc.ts'

const Empty: Codec<undefined> = z.codec(z.object({}), z.undefined(), {
  decode: () => undefined,
  encode: () => ({}),
})

/** Bitcoin's longest address has 90 characters. */
const AddressText = z.string().min(1).max(100)
const Address: Codec<string> = z.codec(z.object({ address: AddressText }), z.string(), {
  decode: ({ address }) => address,
  encode: (address) => ({ address }),
})

const PaymentId: Codec<string> = z.codec(z.object({ paymentId: z.string().regex(/^[0-9a-f]{64}$/) }), z.string(), {
  decode: ({ paymentId }) => paymentId,
  encode: (paymentId) => ({ paymentId }),
})

type PeerAddress = { readonly nodeId: string; readonly address: string }
const PeerAddress: Codec<PeerAddress> = z.codec(
  z.object({ nodePubkey: NodeId, address: SocketAddress.min(1), persist: z.boolean() }),
  z.custom<PeerAddress>(),
  {
    decode: ({ nodePubkey, address }) => ({ nodeId: nodePubkey, address }),
    // The node must persist the peer; otherwise a restart would leave the channel without it again.
    encode: ({ nodeId, address }) => ({ nodePubkey: nodeId, address, persist: true }),
  },
)

const BumpWire = z.object({ userChannelId: UserChannelId, counterpartyNodeId: NodeId })
const BumpFee: Codec<LdkBump> = z.codec(BumpWire, z.custom<LdkBump>(), {
  decode: (wire) => wire,
  encode: ({ userChannelId, counterpartyNodeId }) => ({ userChannelId, counterpartyNodeId }),
})

const spliceAmountSats = uint64.pipe(AmountSats)
const SpliceInWire = BumpWire.extend({ spliceAmountSats })
const spliceOf = (wire: z.infer<typeof SpliceInWire>): LdkSpliceIn => ({
  userChannelId: wire.userChannelId,
  counterpartyNodeId: wire.counterpartyNodeId,
  amountSats: wire.spliceAmountSats,
})
const spliceWireOf = (splice: LdkSpliceIn): z.infer<typeof SpliceInWire> => ({
  userChannelId: splice.userChannelId,
  counterpartyNodeId: splice.counterpartyNodeId,
  spliceAmountSats: splice.amountSats,
})

const SpliceIn: Codec<LdkSpliceIn> = z.codec(SpliceInWire, z.custom<LdkSpliceIn>(), {
  decode: spliceOf,
  encode: spliceWireOf,
})

const SpliceOut: Codec<LdkSpliceOut> = z.codec(
  SpliceInWire.extend({ address: AddressText }),
  z.custom<LdkSpliceOut>(),
  {
    decode: (wire) => ({ ...spliceOf(wire), address: wire.address }),
    encode: (splice) => ({ ...spliceWireOf(splice), address: splice.address }),
  },
)

/** One method of ldk-server, with codecs between its messages and the types of `rpc.ts`. */
export type RpcMethod<Q, A> = {
  readonly name: MethodName
  readonly request: Codec<Q>
  readonly response: Codec<A>
}

/** Ties the types of a method's two codecs together. */
function method<Q, A>(name: MethodName, request: Codec<Q>, response: Codec<A>): RpcMethod<Q, A> {
  return { name, request, response }
}

/** The calls that we make, used by both the client and the simulated server. */
export const calls = {
  getNodeInfo: method('GetNodeInfo', Empty, NodeInfo),
  listChannels: method('ListChannels', Empty, ChannelList),
  listPeers: method('ListPeers', Empty, PeerList),
  getBalances: method('GetBalances', Empty, Balances),
  getPayment: method('GetPaymentDetails', PaymentId, PaymentDetails),
  listPayments: method('ListPayments', PageRequest, PaymentPage),
  onchainReceive: method('OnchainReceive', Empty, Address),
  connectPeer: method('ConnectPeer', PeerAddress, Empty),
  spliceIn: method('SpliceIn', SpliceIn, Empty),
  spliceOut: method('SpliceOut', SpliceOut, Address),
  bumpFee: method('BumpChannelFundingFee', BumpFee, Empty),
} as const

/** Encodes a value as message bytes. Throws a ZodError if the value does not fit the message. */
export function encodeMessage<T>(descriptor: DescMessage, codec: Codec<T>, value: T): Uint8Array {
  return toBinary(descriptor, create(descriptor, z.encode(codec, value)))
}

/** Decodes message bytes; null when they do not fit the message. */
export function decodeMessage<T>(descriptor: DescMessage, codec: Codec<T>, bytes: Uint8Array): { value: T } | null {
  try {
    return { value: codec.parse(fromBinary(descriptor, bytes)) }
  } catch {
    return null
  }
}
