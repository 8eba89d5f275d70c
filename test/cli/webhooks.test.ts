import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { exits } from '../../cli/exit.ts'
import { endpointsOf } from '../../core/webhooks/stored-endpoints.ts'
import { NOW } from '../../harness/api/values.ts'
import { aWorld, type World } from '../../harness/api/world.ts'
import { aSpliceId } from '../../harness/values.ts'
import { aDesk, losesAnswers } from './cli-fixture.ts'

const URL_1 = 'https://example.com/splices'
const Hook = z.looseObject({ id: z.string(), status: z.string(), deliveredThrough: z.int() })

async function happen(world: World, count: number): Promise<void> {
  for (let n = 1; n <= count; n += 1) {
    const event = {
      id: `evt_${n}`,
      type: 'splice.pending',
      spliceId: aSpliceId(n),
      epoch: 0,
      at: NOW,
    } as const
    await world.store.appendEvent('acme', event)
  }
}

/** A webhook of acme, and commands of a key that may write. */
async function aHook() {
  const world = await aWorld()
  await happen(world, 3)
  const desk = await aDesk(world)
  const run = (...words: string[]) => desk.run(['webhooks', ...words], { key: world.keys.writer })
  const made = await run('create', URL_1, '--description', 'the shop', '--json')
  const { id } = Hook.parse(JSON.parse(made.out))
  return { world, desk, run, id }
}

describe('webhooks', () => {
  test('are made with a secret for a script, listed, shown and removed, over a socket', async () => {
    const world = await aWorld()
    await happen(world, 3)
    const { spawn } = await aDesk(world)
    const made = await spawn(['webhooks', 'create', URL_1, '--after', '1'], world.keys.writer)
    expect([made.exit, made.out]).toEqual([exits.done, expect.stringMatching(/^whsec_\S+\n$/)])
    const [endpoint] = await endpointsOf('acme', world.store)
    const id = endpoint?.id ?? ''
    expect(made.err).toBe(`${id}: this secret is not shown again\n`)
    expect(endpoint).toMatchObject({ url: URL_1, description: null, deliveredThrough: 1 })
    const listed = await spawn(['webhooks', 'list'], world.keys.reader)
    expect(listed.out).toContain(`${id}  enabled  1     –            ${URL_1}`)
    const shown = await spawn(['webhooks', 'show', id], world.keys.reader)
    expect(shown.out).toMatch(/^delivered through +1$/m)
    expect(listed.out + shown.out).not.toContain('whsec_')
    expect(await spawn(['webhooks', 'delete', id], world.keys.writer)).toEqual({
      exit: exits.done,
      out: `${id} is deleted\n`,
      err: '',
    })
    expect(await endpointsOf('acme', world.store)).toEqual([])
  })

  test('are disabled, enabled, set back and told one event again', async () => {
    const { world, run, id } = await aHook()
    const disabled = await run('disable', id)
    expect([disabled.exit, disabled.out]).toEqual([exits.done, expect.stringContaining('by your request')])
    const refused = await run('redeliver', id, '--after', '0')
    expect([refused.exit, refused.err]).toEqual([exits.refused, expect.stringContaining('[webhook_disabled]')])
    expect(Hook.parse(JSON.parse((await run('enable', id, '--json')).out)).status).toBe('enabled')
    const back = await run('redeliver', id, '--after', '1', '--json')
    expect(Hook.parse(JSON.parse(back.out)).deliveredThrough).toBe(1)
    world.heard.webhooks.length = 0
    expect((await run('redeliver', id, '--sequence', '2')).exit).toBe(exits.done)
    expect(world.heard.webhooks).toEqual([{ tenant: 'acme', endpointId: id, sequence: 2 }])
    const unborn = await run('redeliver', id, '--sequence', '4', '--json')
    expect([unborn.exit, JSON.parse(unborn.out)]).toMatchObject([exits.refused, { code: 'event_not_found' }])
  })

  test('get a new secret, and the old one goes on signing', async () => {
    const { world, run, id } = await aHook()
    const rotated = await run('rotate', id)
    const [endpoint] = await endpointsOf('acme', world.store)
    expect(rotated.exit).toBe(exits.done)
    expect(endpoint?.secrets.map(({ secret }) => secret)[0]).toBe(rotated.out.trim())
    expect(endpoint?.secrets).toHaveLength(2)
  })

  test('are tested: 0 where the test arrived, 4 where it did not', async () => {
    const { world, run, id } = await aHook()
    expect(await run('test', id)).toMatchObject({ exit: exits.done, out: 'It arrived: HTTP 204.\n' })
    world.told.delivered = { ok: false, fault: 'status', status: 503 }
    expect(await run('test', id)).toMatchObject({
      exit: exits.failed,
      out: 'It did not arrive: HTTP 503.\n',
    })
    world.told.delivered = { ok: false, fault: 'no_answer', status: null }
    const ended = await run('test', id, '--json')
    expect([ended.exit, JSON.parse(ended.out)]).toMatchObject([exits.failed, { delivered: false }])
  })

  test('are not made or removed twice unasked where an answer was lost', async () => {
    const { world, desk, run, id } = await aHook()
    losesAnswers(desk.service, 1)
    const made = await run('create', 'https://example.com/other')
    expect([made.exit, made.err]).toEqual([exits.unreachable, expect.stringContaining('rotate it')])
    expect(await endpointsOf('acme', world.store)).toHaveLength(2)
    losesAnswers(desk.service, 1)
    expect((await run('delete', id)).exit).toBe(exits.unreachable)
    expect(await endpointsOf('acme', world.store)).toHaveLength(1)
  })

  test('are a wrong command line without what to send again, or with both', async () => {
    const { desk, run, id } = await aHook()
    desk.service.arrived.length = 0
    for (const words of [[], ['--after', '1', '--sequence', '1'], ['--after', 'x'], ['--sequence', '0']])
      expect((await run('redeliver', id, ...words)).exit).toBe(exits.usage)
    expect(desk.service.arrived).toEqual([])
  })
})

describe('events', () => {
  test('are a line each, from a sequence on, over a socket', async () => {
    const world = await aWorld()
    await happen(world, 3)
    const { spawn } = await aDesk(world)
    const { exit, out } = await spawn(['events', '--after', '1'], world.keys.reader)
    expect(exit).toBe(exits.done)
    const at = new Date(NOW).toISOString()
    expect(out).toBe([2, 3].map((n) => `     ${n}  ${at}  splice.pending          ${aSpliceId(n)}\n`).join(''))
  })

  test('are all there where they fill more than a page', async () => {
    const world = await aWorld()
    await happen(world, 1_001)
    const { run } = await aDesk(world)
    const lines = (await run(['events', '--json'])).out.trimEnd().split('\n')
    const sequences = lines.map((line) => z.object({ sequence: z.int() }).parse(JSON.parse(line)).sequence)
    expect(sequences).toEqual(Array.from({ length: 1_001 }, (_, n) => n + 1))
  })

  test('are followed, also one that is about no splice, and none is told twice', async () => {
    const world = await aWorld()
    await happen(world, 1)
    const given = { id: 'evt_2', type: 'webhook.disabled', spliceId: null, endpointId: 'whk_1' } as const
    const { run } = await aDesk(world, async (_, pauses) => {
      if (pauses === 2) await world.store.appendEvent('acme', { ...given, epoch: 0, at: NOW })
      if (pauses === 4) throw new Error('Ctrl-C')
    })
    const { out } = await run(['events', '--follow'])
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => line.trim().split(/ +/).slice(2)),
    ).toEqual([
      ['splice.pending', aSpliceId(1)],
      ['webhook.disabled', 'whk_1'],
    ])
  })
})
