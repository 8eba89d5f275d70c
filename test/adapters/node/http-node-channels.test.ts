import { describe, expect, test } from 'vitest'
import { anEclair, aPhoenixd, callNow, lookAt } from '../../../harness/nodes/http-nodes.ts'
import {
  changed,
  channelCases,
  eclairChannel,
  phoenixdChannel,
  type AnswerCase,
} from '../../../harness/nodes/http-node-answers.ts'

const listing = (good: unknown, { change }: AnswerCase) =>
  ({ type: 'body', body: JSON.stringify([changed(good, change)]), executes: false }) as const

describe('channels of an Eclair', () => {
  test.each(channelCases.eclair.valid)('$says', async (given) => {
    const stage = await anEclair()
    stage.server.fault(listing(eclairChannel, given), '/channels')
    const { channels } = await lookAt(stage.port)
    expect(channels).toHaveLength(given.channels)
    if (given.channels === 1) expect(channels).toMatchObject([given.shows])
  })

  test.each(channelCases.eclair.invalid)('cannot be read: $says', async (given) => {
    const stage = await anEclair()
    stage.server.fault(listing(eclairChannel, given), '/channels')
    expect(await stage.port.look(callNow())).toMatchObject({ ok: false, error: { class: 'unreachable' } })
  })
})

describe('channels of a phoenixd', () => {
  test.each(channelCases.phoenixd.valid)('$says', async (given) => {
    const stage = await aPhoenixd()
    stage.server.fault(listing(phoenixdChannel, given), '/listchannels')
    const { channels } = await lookAt(stage.port)
    expect(channels).toHaveLength(given.channels)
    if (given.channels === 1) expect(channels).toMatchObject([given.shows])
  })

  test.each(channelCases.phoenixd.invalid)('cannot be read: $says', async (given) => {
    const stage = await aPhoenixd()
    stage.server.fault(listing(phoenixdChannel, given), '/listchannels')
    expect(await stage.port.look(callNow())).toMatchObject({ ok: false, error: { class: 'unreachable' } })
  })
})
