import { describe, expect, test } from 'vitest'
import { ADDRESS } from '../../harness/values.ts'
import { settledStage } from './calm.ts'
import { CALM } from './profile.ts'
import { Stage } from './stage.ts'

describe('at a port', () => {
  const aRequest = ({ keeper, world }: Stage, attemptId: string) => {
    const [channel] = keeper.node.channels()
    if (channel === undefined) throw new Error('there is no channel')
    const { channelId, userChannelId, peerId, funding } = channel
    return {
      attemptId,
      channelId,
      userChannelId,
      peerId,
      submittedOn: `${funding.txid}:${funding.vout}`,
      kind: 'splice_out' as const,
      amountSats: 50_000,
      address: ADDRESS,
      feeRateSatPerKw: null,
      signedAt: world.now(),
      maxFeeRateSatPerKw: null,
      maxFeeSats: null,
    }
  }
  const portOf = ({ keeper }: Stage) => {
    const { port } = keeper.ports.nodes.get('alice') ?? {}
    if (port === undefined) throw new Error('there is no node')
    return port
  }
  const told = ({ witness }: Stage) => witness.violations.map(({ law }) => law)

  test('a request that is executed over its ceiling is told', async () => {
    const stage = new Stage('ceiling', CALM)
    // The node asks a thousand, and an ldk-server is told no ceiling.
    const request = { ...aRequest(stage, 'lie'), maxFeeRateSatPerKw: 999 }
    expect((await portOf(stage).submit(request, stage.keeper.ports.call())).type).toBe('taken')
    expect(told(stage)).toContain('under the fee ceiling')
  })

  test('a request that is not in the table, or was answered already, or waits too long, is told', async () => {
    const calm = await settledStage()
    const { stage } = calm
    const [attempt] = calm.settled.attempts
    const call = stage.keeper.ports.call()
    await portOf(stage).submit(aRequest(stage, 'unknown to the table'), call)
    expect(told(stage)).toEqual(['journal, then act'])
    const signedAt = stage.world.now() - 10_001
    await portOf(stage).submit({ ...aRequest(stage, attempt?.id ?? ''), signedAt }, call)
    expect(told(stage).filter((law) => law === 'journal, then act')).toHaveLength(2)
    expect(told(stage)).toContain('a command is sent at once')
    expect(told(stage)).toContain('no submission once a transaction was seen')
  })

  test('an alarm over an error that nobody injected is told, and no other', () => {
    const stage = new Stage('alarm', CALM)
    const { telemetry } = stage.keeper.ports
    telemetry.alarm('a splice could not be driven', { error: 'throttle on request 7 (put)' })
    telemetry.alarm('a splice could not be driven', { error: 'the process died' })
    expect(told(stage)).toEqual([])
    telemetry.alarm('a splice could not be driven', { error: 'x is undefined' })
    expect(told(stage)).toEqual(['nothing crashes'])
  })
})
