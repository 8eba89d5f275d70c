import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MethodName } from '../../adapters/node/ldk/messages.ts'
import { ldkNode } from '../../adapters/node/ldk/node.ts'
import type { NodeLook, SubmitRequest } from '../../core/ports/node.ts'
import type { CommandResult } from '../../core/splice/splice.ts'
import { bump, channel, NOW, payment, request, txidOf } from '../../harness/nodes/ldk-rpc.ts'
import { clientOf, rawServer } from '../../harness/nodes/ldk-wire.ts'
import { HONEST, honestReply, repliesOf, reply, type Reply } from './node-answers.ts'

const MESSAGE_CHARACTERS = 500
/** Nothing may take as long as this; what hangs is given up, as in production. */
const CALL_MS = 2_000
const callOf = () => ({ signal: AbortSignal.timeout(CALL_MS) })
/** The statuses that say that nothing was executed. */
const REFUSING = ['3', '7', '9', '12', '16']
const LOOKED_AT: readonly MethodName[] = ['GetNodeInfo', 'ListChannels', 'ListPeers', 'GetBalances']

/** A node over the wire that is honest but where it is told to lie, and answers some methods with an empty message. */
async function liar(empty: readonly MethodName[] = []) {
  const lies = new Map<string, Reply>()
  const server = await rawServer(({ stream, headers }) => {
    const method = (headers[':path'] ?? '').slice('/api.LightningNode/'.length)
    const honest = empty.some((each) => each === method) ? undefined : HONEST.get(method)
    reply(stream, lies.get(method) ?? honestReply(honest ?? Buffer.alloc(0)))
  })
  const node = ldkNode(clientOf(server), { clock: { now: () => NOW }, overlapGuard: true })
  return {
    node,
    lie: (method: MethodName, lie: Reply): void => {
      lies.clear()
      lies.set(method, lie)
    },
  }
}

/** A command's result says no more than the status that was sent. */
function expectNoMore(result: CommandResult, { headerStatus, trailerStatus, httpStatus, reset }: Reply): void {
  const sent = [headerStatus, trailerStatus]
  if (result.type === 'taken') {
    expect(sent).toContain('0')
    expect([httpStatus, reset]).toEqual([200, false])
    return
  }
  if (result.type === 'refused') expect(REFUSING.some((status) => sent.includes(status))).toBe(true)
  expect(result.message.length).toBeLessThanOrEqual(MESSAGE_CHARACTERS)
}

describe('a command', () => {
  test.each<[MethodName, SubmitRequest['kind']]>([
    ['SpliceOut', 'splice_out'],
    ['SpliceIn', 'splice_in'],
  ])('%s never throws, and is taken or refused by its status alone', async (method, kind) => {
    const { node, lie } = await liar()
    await fc.assert(
      fc.asyncProperty(repliesOf(method), async (told) => {
        lie(method, told)
        expectNoMore(await node.submit({ ...request, kind }, callOf()), told)
      }),
      { seed: 21, numRuns: 160 },
    )
  })

  test('of a bump never throws, and is taken or refused by its status alone', async () => {
    const { node, lie } = await liar()
    await fc.assert(
      fc.asyncProperty(repliesOf('BumpChannelFundingFee'), async (told) => {
        lie('BumpChannelFundingFee', told)
        expectNoMore(await node.bump(bump, callOf()), told)
      }),
      { seed: 22, numRuns: 160 },
    )
  })

  test('that is answered honestly is taken', async () => {
    const { node } = await liar()
    expect(await node.submit(request, callOf())).toEqual({ type: 'taken' })
    expect(await node.bump(bump, callOf())).toEqual({ type: 'taken' })
  })
})

function expectSound(look: NodeLook): void {
  expect(look.nodeId).toMatch(/^[0-9a-f]{66}$/)
  expect(look.tipHash).toMatch(/^[0-9a-f]{64}$/)
  const figures = [look.tipHeight, look.spendableSats]
  for (const each of look.channels) {
    expect(each.channelId).toMatch(/^[0-9a-f]{64}$/)
    expect(each.funding ?? `${txidOf('0')}:0`).toMatch(/^[0-9a-f]{64}:\d{1,10}$/)
    figures.push(each.capacitySats, each.outboundMsat, each.inboundMsat, each.lockDepth ?? 0)
    figures.push(each.claimableSats ?? 0, each.closeFeeSats ?? 0)
  }
  expect(figures.filter((figure) => !Number.isSafeInteger(figure) || figure < 0)).toEqual([])
}

describe('a reading', () => {
  test('of a look never throws, and shows sound figures or a fault of bounded length', async () => {
    const { node, lie } = await liar()
    const lies = fc.constantFrom(...LOOKED_AT).chain((method) => repliesOf(method).map((told) => ({ method, told })))
    await fc.assert(
      fc.asyncProperty(lies, async ({ method, told }) => {
        lie(method, told)
        const look = await node.look(callOf())
        if (look.ok) expectSound(look.value)
        else expect(look.error.message.length).toBeLessThanOrEqual(MESSAGE_CHARACTERS)
      }),
      { seed: 23, numRuns: 160 },
    )
  })

  test.each<MethodName>(['GetPaymentDetails', 'ListPayments'])(
    'of a contribution never throws, whatever %s answers',
    async (method) => {
      // By its id first; only if there is none, among all payments.
      const { node, lie } = await liar(method === 'ListPayments' ? ['GetPaymentDetails'] : [])
      await fc.assert(
        fc.asyncProperty(repliesOf(method), async (told) => {
          lie(method, told)
          const found = await node.contribution(channel.channelId, payment.txid, callOf())
          if (found.ok) expect(Number.isSafeInteger(found.value?.amountSats ?? 0)).toBe(true)
          else expect(found.error.message.length).toBeLessThanOrEqual(MESSAGE_CHARACTERS)
        }),
        { seed: 24, numRuns: 160 },
      )
    },
  )

  test('of a new address never throws, and is some address or a fault', async () => {
    const { node, lie } = await liar()
    await fc.assert(
      fc.asyncProperty(repliesOf('OnchainReceive'), async (told) => {
        lie('OnchainReceive', told)
        const address = await node.newAddress(callOf())
        if (address.ok) expect(address.value).not.toBe('')
        else expect(address.error.message.length).toBeLessThanOrEqual(MESSAGE_CHARACTERS)
      }),
      { seed: 25, numRuns: 160 },
    )
  })

  test('of a page of 140000 payments, which fits into a message, never throws', async () => {
    // payments (1) { kind (2) { onchain (1) { txid (1) } } }
    const head = Buffer.from([0x0a, 70, 0x12, 68, 0x0a, 66, 0x0a, 64])
    const one = Buffer.concat([head, Buffer.from(txidOf('a'))])
    const page = Buffer.concat(Array.from({ length: 140_000 }, () => one))
    const { node, lie } = await liar()
    lie('ListPayments', honestReply(page))
    const call = { signal: AbortSignal.timeout(20_000) }
    expect(await node.contribution(channel.channelId, txidOf('5'), call)).toBeDefined()
  })
})
