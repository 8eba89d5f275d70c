import { constants, type ServerHttp2Stream } from 'node:http2'
import fc from 'fast-check'
import { calls, encodeMessage, type RpcMethod } from '../../adapters/node/ldk/calls.ts'
import { grpcFrame, methodNamed, type MethodName } from '../../adapters/node/ldk/messages.ts'
import { balances, channel, info, payment, peer } from '../../harness/nodes/ldk-rpc.ts'
import { mutatedBytes } from './hostile.ts'

function responseOf<Q, A>({ name, response }: RpcMethod<Q, A>, value: A): [MethodName, Buffer] {
  return [name, Buffer.from(encodeMessage(methodNamed(name).output, response, value))]
}

/** What an honest server answers, by method. */
export const HONEST: ReadonlyMap<string, Buffer> = new Map([
  responseOf(calls.getNodeInfo, info),
  responseOf(calls.listChannels, [channel, { ...channel, funding: null }]),
  responseOf(calls.listPeers, [peer]),
  responseOf(calls.getBalances, balances),
  responseOf(calls.getPayment, payment),
  responseOf(calls.listPayments, { payments: [payment, payment], nextPageToken: null }),
  responseOf(calls.onchainReceive, 'bcrt1qfresh'),
  responseOf(calls.connectPeer, undefined),
  responseOf(calls.spliceIn, undefined),
  responseOf(calls.spliceOut, 'bcrt1qout'),
  responseOf(calls.bumpFee, undefined),
])

/** What a server answers to a call. null: it does not say. */
export type Reply = {
  readonly httpStatus: number
  readonly contentType: string
  readonly headerStatus: string | null
  readonly trailerStatus: string | null
  readonly message: string
  readonly body: Buffer
  readonly reset: boolean
}

export const honestReply = (body: Buffer): Reply => ({
  httpStatus: 200,
  contentType: 'application/grpc+proto',
  headerStatus: null,
  trailerStatus: '0',
  message: '',
  body: grpcFrame(body),
  reset: false,
})

const varint = (value: bigint): Buffer => {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 0x80n) return Buffer.from([...bytes, Number(rest)])
    bytes.push(Number(rest & 0x7fn) | 0x80)
  }
}

/** Fields of any number and any wire type: of wrong types, with huge numbers, with lengths that lie. */
const fields = fc
  .array(
    fc.record({
      field: fc.oneof(fc.integer({ min: 0, max: 17 }), fc.integer({ min: 0, max: 2 ** 29 - 1 })),
      type: fc.integer({ min: 0, max: 7 }),
      number: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constantFrom(0n, 2n ** 53n, 2n ** 64n - 1n)),
      bytes: fc.oneof(
        fc.uint8Array({ maxLength: 70 }).map((bytes) => Buffer.from(bytes)),
        fc.string({ unit: 'binary', maxLength: 70 }).map((text) => Buffer.from(text)),
        fc.constantFrom(...HONEST.values()),
      ),
      lies: fc.boolean(),
    }),
    { maxLength: 6 },
  )
  .map((all) =>
    Buffer.concat(
      all.flatMap(({ field, type, number, bytes, lies }) => [
        varint(BigInt(field * 8 + type)),
        type === 2 ? varint(lies ? number : BigInt(bytes.length)) : varint(number),
        type === 0 ? Buffer.alloc(0) : bytes,
      ]),
    ),
  )

/** So many groups in one another: what skips an unknown one must go as deep. */
const groups = fc.constantFrom(10, 50_000).map((depth) => Buffer.alloc(depth, 0xa3))

function bodiesOf(honest: Buffer): fc.Arbitrary<Buffer> {
  const messages = fc.oneof(
    { weight: 5, arbitrary: mutatedBytes(honest) },
    { weight: 3, arbitrary: fields },
    { weight: 3, arbitrary: fields.map((more) => Buffer.concat([honest, more])) },
    { weight: 1, arbitrary: groups },
  )
  return fc.oneof(
    { weight: 8, arbitrary: messages.map(grpcFrame) },
    { weight: 2, arbitrary: mutatedBytes(grpcFrame(honest)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.constant(Buffer.concat([grpcFrame(honest), grpcFrame(honest)])) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom(0, 1, 2, 0x80, 0xff), fc.nat(0xffff_ffff)).map(([flags, length]) => {
        const head = Buffer.from([flags, 0, 0, 0, 0])
        head.writeUInt32BE(length, 1)
        return Buffer.concat([head, honest])
      }),
    },
  )
}

const statuses = fc.oneof(
  fc.integer({ min: 0, max: 17 }).map(String),
  fc.constantFrom('99', '-1', '00', '0x0', '0.0', '+0', '3.0', '1e1', 'OK', '03', '07', '9007199254740993'),
)
const printable = fc
  .array(fc.integer({ min: 0x21, max: 0x7e }), { maxLength: 900 })
  .map((codes) => String.fromCharCode(...codes))

/** Any reply to a method. */
export function repliesOf(method: MethodName): fc.Arbitrary<Reply> {
  const honest = HONEST.get(method) ?? Buffer.alloc(0)
  return fc.record({
    httpStatus: fc.oneof(
      { weight: 8, arbitrary: fc.constant(200) },
      fc.constantFrom(204, 302, 401, 403, 429, 500, 503),
    ),
    contentType: fc.oneof(
      { weight: 8, arbitrary: fc.constant('application/grpc+proto') },
      fc.constantFrom('application/grpc', 'application/json', 'text/html', 'application/grpc+json'),
    ),
    headerStatus: fc.option(statuses, { freq: 4 }).map((status) => status),
    trailerStatus: fc.oneof({ weight: 3, arbitrary: fc.constant('0') }, statuses, fc.constant(null)),
    message: fc.oneof(fc.constantFrom('', '%', '%E0%A4%A', '%00%0a', 'x'.repeat(6_000)), printable),
    body: bodiesOf(honest),
    reset: fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, fc.constant(true)),
  })
}

/** Answers on a stream as a reply says. */
export function reply(stream: ServerHttp2Stream, { message, body, ...of }: Reply): void {
  if (stream.destroyed) return
  const text = message === '' ? {} : { 'grpc-message': message }
  const status = of.headerStatus === null ? {} : { 'grpc-status': of.headerStatus, ...text }
  const head = { ':status': of.httpStatus, 'content-type': of.contentType, ...status }
  if (of.httpStatus === 204) return stream.respond(head, { endStream: true })
  stream.respond(head, { waitForTrailers: of.trailerStatus !== null })
  stream.on('wantTrailers', () => {
    stream.sendTrailers({ 'grpc-status': of.trailerStatus ?? '', ...text })
  })
  if (of.reset) stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  else stream.end(body)
}
