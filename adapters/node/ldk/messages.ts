import {
  create,
  createFileRegistry,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageInitShape,
} from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt'

const SCALARS = {
  bool: Type.BOOL,
  bytes: Type.BYTES,
  int32: Type.INT32,
  string: Type.STRING,
  uint32: Type.UINT32,
  uint64: Type.UINT64,
} as const

type Scalar = keyof typeof SCALARS
type Field = readonly [number: number, type: string, presence?: 'optional' | 'repeated']
type Fields = Readonly<Record<string, Field>>

/**
 * The messages and fields of ldk-server's `api.LightningNode` that we use, with the field numbers of
 * docs/reference/ldk.md 6.5. Enumerations are plain numbers and members of a oneof are plain fields, which is the same
 * on the wire. Page tokens are bytes: older servers send a message and newer ones a string, and we only echo them.
 */
const MESSAGES: Readonly<Record<string, Fields>> = {
  Empty: {},
  OutPoint: { txid: [1, 'string'], vout: [2, 'uint32'] },
  BestBlock: { block_hash: [1, 'string'], height: [2, 'uint32'] },
  NodeInfo: {
    node_id: [1, 'string'],
    current_best_block: [3, 'BestBlock'],
    latest_lightning_wallet_sync_timestamp: [4, 'uint64', 'optional'],
    network: [13, 'int32'],
    version: [16, 'string', 'optional'],
  },
  Channel: {
    channel_id: [1, 'string'],
    counterparty_node_id: [2, 'string'],
    funding_txo: [3, 'OutPoint'],
    user_channel_id: [4, 'string'],
    channel_value_sats: [6, 'uint64'],
    outbound_capacity_msat: [8, 'uint64'],
    inbound_capacity_msat: [9, 'uint64'],
    confirmations_required: [10, 'uint32', 'optional'],
    confirmations: [11, 'uint32', 'optional'],
    is_channel_ready: [13, 'bool'],
    is_usable: [14, 'bool'],
  },
  ChannelList: { channels: [1, 'Channel', 'repeated'] },
  Peer: { node_id: [1, 'string'], address: [2, 'string'], is_connected: [4, 'bool'] },
  PeerList: { peers: [1, 'Peer', 'repeated'] },
  ClaimableOnChannelClose: {
    channel_id: [1, 'string'],
    amount_satoshis: [3, 'uint64'],
    transaction_fee_satoshis: [4, 'uint64'],
  },
  LightningBalance: { claimable_on_channel_close: [1, 'ClaimableOnChannelClose'] },
  Balances: {
    spendable_onchain_balance_sats: [2, 'uint64'],
    lightning_balances: [5, 'LightningBalance', 'repeated'],
  },
  TransactionChannel: { counterparty_node_id: [1, 'string'], channel_id: [2, 'string'] },
  InteractiveFunding: { channels: [1, 'TransactionChannel', 'repeated'] },
  TransactionType: { interactive_funding: [7, 'InteractiveFunding'] },
  Onchain: { txid: [1, 'string'], tx_type: [3, 'TransactionType'] },
  PaymentKind: { onchain: [1, 'Onchain'] },
  Payment: {
    id: [1, 'string'],
    kind: [2, 'PaymentKind'],
    amount_msat: [3, 'uint64', 'optional'],
    direction: [4, 'int32'],
    status: [5, 'int32'],
    fee_paid_msat: [7, 'uint64', 'optional'],
  },
  PaymentId: { payment_id: [1, 'string'] },
  PaymentDetails: { payment: [1, 'Payment'] },
  PageRequest: { page_token: [1, 'bytes', 'optional'] },
  PaymentPage: { payments: [1, 'Payment', 'repeated'], next_page_token: [2, 'bytes', 'optional'] },
  Address: { address: [1, 'string'] },
  PeerAddress: { node_pubkey: [1, 'string'], address: [2, 'string'], persist: [3, 'bool'] },
  SpliceIn: {
    user_channel_id: [1, 'string'],
    counterparty_node_id: [2, 'string'],
    splice_amount_sats: [3, 'uint64'],
  },
  SpliceOut: {
    user_channel_id: [1, 'string'],
    counterparty_node_id: [2, 'string'],
    address: [3, 'string', 'optional'],
    splice_amount_sats: [4, 'uint64'],
  },
  BumpFee: { user_channel_id: [1, 'string'], counterparty_node_id: [2, 'string'] },
  ChannelStateChanged: { channel_id: [1, 'string'], funding_txo: [5, 'string', 'optional'] },
  SpliceNegotiated: { channel_id: [1, 'string'], new_funding_txo: [4, 'string'] },
  SpliceNegotiationFailed: { channel_id: [1, 'string'] },
  EventEnvelope: {
    channel_state_changed: [8, 'ChannelStateChanged'],
    splice_negotiated: [9, 'SpliceNegotiated'],
    splice_negotiation_failed: [10, 'SpliceNegotiationFailed'],
  },
}

/** The methods of `api.LightningNode` that we call: request and response, by their names in {@link MESSAGES}. */
const METHODS = {
  GetNodeInfo: ['Empty', 'NodeInfo'],
  ListChannels: ['Empty', 'ChannelList'],
  ListPeers: ['Empty', 'PeerList'],
  GetBalances: ['Empty', 'Balances'],
  GetPaymentDetails: ['PaymentId', 'PaymentDetails'],
  ListPayments: ['PageRequest', 'PaymentPage'],
  OnchainReceive: ['Empty', 'Address'],
  ConnectPeer: ['PeerAddress', 'Empty'],
  SpliceIn: ['SpliceIn', 'Empty'],
  SpliceOut: ['SpliceOut', 'Address'],
  BumpChannelFundingFee: ['BumpFee', 'Empty'],
} as const

/** A method's short name, as in the path of its call. */
export type MethodName = keyof typeof METHODS

/** The methods that answer with a stream of messages. */
const STREAMS = { SubscribeEvents: ['Empty', 'EventEnvelope'] } as const

/** A streaming method's short name. */
export type StreamName = keyof typeof STREAMS

const isScalar = (type: string): type is Scalar => type in SCALARS

const fieldOf = ([name, [number, type, presence]]: [string, Field]): MessageInitShape<
  typeof FieldDescriptorProtoSchema
> => ({
  name,
  number,
  label: presence === 'repeated' ? Label.REPEATED : Label.OPTIONAL,
  proto3Optional: presence === 'optional',
  ...(isScalar(type) ? { type: SCALARS[type] } : { type: Type.MESSAGE, typeName: `.api.${type}` }),
})

const registry = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: 'api.proto',
    package: 'api',
    syntax: 'proto3',
    messageType: Object.entries(MESSAGES).map(([name, fields]) => ({
      name,
      field: Object.entries(fields).map(fieldOf),
    })),
    service: [
      {
        name: 'LightningNode',
        method: Object.entries({ ...METHODS, ...STREAMS }).map(([name, [input, output]]) => ({
          name,
          inputType: `.api.${input}`,
          outputType: `.api.${output}`,
          serverStreaming: name in STREAMS,
        })),
      },
    ],
  }),
  () => undefined,
)

const methodOf = (name: string) => registry.getService('api.LightningNode')?.methods.find((each) => each.name === name)

/** The descriptor of a method, for the client's transport and the simulated server. */
export function methodNamed(name: MethodName): DescMethodUnary {
  const method = methodOf(name)
  if (method?.methodKind !== 'unary') throw new Error(`no unary method ${name}`)
  return { ...method, methodKind: method.methodKind }
}

/** Like {@link methodNamed}, for a streaming method. */
export function streamNamed(name: StreamName): DescMethodServerStreaming {
  const method = methodOf(name)
  if (method?.methodKind !== 'server_streaming') throw new Error(`no streaming method ${name}`)
  return { ...method, methodKind: method.methodKind }
}

/**
 * Frames a message for gRPC: a zero byte (no compression), four bytes of length, the message. The frame is
 * part of what is signed.
 */
export function grpcFrame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}
