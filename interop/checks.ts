import { strict as assert } from 'node:assert'
import type { ChannelSnapshot, NodeLook, SubmitRequest } from '../core/ports/node.ts'
import type { CommandAnswer, NodePort } from '../core/ports/ports.ts'
import type { Network } from '../core/bitcoin/network.ts'
import type { Result } from '../core/values/result.ts'

/** A node behind its port, and independent knowledge about it. */
export type Subject = {
  readonly port: NodePort
  /** The same node with an unknown credential; null if the node asks for none. */
  readonly stranger: NodePort | null
  readonly nodeId: string
  readonly network: Network
  readonly channelId: string
  /** The value of an outpoint that is unspent in the chain; null otherwise. */
  readonly unspentSats: (outpoint: string) => Promise<number | null>
  /** How many splices the channel has had or has pending, from records other than the port's. */
  readonly splices: () => Promise<number>
  /** A valid address of the network that is never paid. */
  readonly address: string
  readonly now: () => number
}

/** A property of every node, simulated or real, that is checked without a splice. */
export type Check = {
  readonly name: string
  /** Why the check does not apply to this node; null or absent if it does. */
  readonly wants?: (subject: Subject) => string | null
  readonly run: (subject: Subject) => Promise<void>
}

const CALL_MS = 20_000
const DUST_SATS = 1
const call = () => ({ signal: AbortSignal.timeout(CALL_MS) })

function given<T>(result: Result<T, { readonly message: string }>): T {
  if (!result.ok) assert.fail(result.error.message)
  return result.value
}

export async function lookAt({ port }: Pick<Subject, 'port'>): Promise<NodeLook> {
  return given(await port.look(call()))
}

async function channelOf(subject: Subject): Promise<ChannelSnapshot> {
  const { channels } = await lookAt(subject)
  const channel = channels.find(({ channelId }) => channelId === subject.channelId)
  return channel ?? assert.fail('the node does not list the channel')
}

async function requestFor(subject: Subject, changes: Partial<SubmitRequest>): Promise<SubmitRequest> {
  const { channelId, userChannelId, peerId, funding } = await channelOf(subject)
  return {
    attemptId: 'check',
    channelId,
    userChannelId,
    peerId,
    submittedOn: funding ?? assert.fail('the channel has no funding'),
    kind: 'splice_out',
    amountSats: 20_000,
    address: subject.address,
    feeRateSatPerKw: 1_000,
    signedAt: subject.now(),
    maxFeeRateSatPerKw: null,
    maxFeeSats: null,
    ...changes,
  }
}

/** Sends a command and asserts that it is refused and splices nothing. */
async function refused(
  subject: Subject,
  command: (request: SubmitRequest) => Promise<CommandAnswer>,
  changes: Partial<SubmitRequest> = {},
): Promise<CommandAnswer> {
  const before = await subject.splices()
  const answer = await command(await requestFor(subject, changes))
  assert.equal(answer.type, 'refused', JSON.stringify(answer))
  assert.equal(await subject.splices(), before, 'something was spliced')
  return answer
}

const submitTo = (port: NodePort) => (request: SubmitRequest) => port.submit(request, call(), async () => true)

/** No check changes the node, so all can run against a node that holds money. */
export const CHECKS: readonly Check[] = [
  {
    name: 'shows its identity, and its channel on an unspent output of the chain',
    async run(subject) {
      const look = await lookAt(subject)
      assert.equal(look.nodeId, subject.nodeId)
      assert.equal(look.network, subject.network)
      const channel = await channelOf(subject)
      assert.equal(channel.closing, false)
      assert.equal(channel.capacitySats, await subject.unspentSats(channel.funding ?? ''))
      assert.match(channel.peerId, /^0[23][0-9a-f]{64}$/)
    },
  },
  {
    name: 'gives a new address each time, or none',
    async run({ port }) {
      const [first, second] = [await port.newAddress(call()), await port.newAddress(call())]
      assert.equal(first.ok, second.ok)
      if (first.ok && second.ok) assert.notEqual(first.value, second.value)
    },
  },
  {
    name: 'refuses a splice-out over the balance, and splices nothing',
    async run(subject) {
      const { capacitySats } = await channelOf(subject)
      await refused(subject, submitTo(subject.port), { amountSats: capacitySats * 2 })
    },
  },
  {
    name: 'refuses an output below the dust limit, and splices nothing',
    async run(subject) {
      await refused(subject, submitTo(subject.port), { amountSats: DUST_SATS })
    },
  },
  {
    name: 'refuses to replace a transaction that does not exist',
    async run(subject) {
      const bump = (request: SubmitRequest) =>
        subject.port.bump({ ...request, txid: '00'.repeat(32) }, call(), async () => true)
      await refused(subject, bump)
    },
  },
  {
    name: 'does nothing for a call that is already aborted',
    async run(subject) {
      const over = { signal: AbortSignal.abort() }
      const look = await subject.port.look(over)
      assert.equal(look.ok ? 'ok' : look.error.class, 'unreachable')
      const before = await subject.splices()
      const answer = await subject.port.submit(await requestFor(subject, {}), over, async () => true)
      assert.notEqual(answer.type, 'taken')
      assert.equal(await subject.splices(), before)
    },
  },
  {
    name: 'reports a wrong credential as a configuration error',
    wants: ({ stranger }) => (stranger === null ? 'the node asks for no credential' : null),
    async run(subject) {
      const { stranger } = subject
      assert(stranger !== null)
      const look = await stranger.look(call())
      assert.equal(look.ok ? 'ok' : look.error.class, 'config')
      const answer = await refused(subject, submitTo(stranger))
      assert.equal(answer.type === 'refused' ? answer.class : '', 'config')
    },
  },
]
