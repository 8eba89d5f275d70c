import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { anInteropNode, interop } from './interop-node.ts'

const MINUTE = 60_000
const Report = z.object({
  kind: z.string(),
  way: z.string(),
  held: z.int(),
  skipped: z.int(),
  wrong: z.int(),
  entries: z.array(z.object({ name: z.string(), outcome: z.string(), why: z.string() })),
})

const LEVERS: readonly string[] = ['INTEROP_MINE', 'INTEROP_DISCONNECT', 'INTEROP_RESTART']
const withoutLevers = (environment: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !LEVERS.includes(name)))

describe('npm run interop', () => {
  test.each([
    ['cln', ['INTEROP_SOCKET, or INTEROP_URL, INTEROP_CA, INTEROP_RUNE', 'INTEROP_CHANNEL']],
    ['eclair', ['INTEROP_URL', 'INTEROP_PASSWORD']],
    ['phoenixd', ['INTEROP_URL', 'INTEROP_PASSWORD']],
    ['ldk-server', ['INTEROP_URL', 'INTEROP_CA', 'INTEROP_API_KEY']],
  ])('names what is missing for %s', async (kind, names) => {
    const { code, out, complaint } = await interop([kind])
    expect([code, out]).toEqual([1, ''])
    for (const name of [...names, 'INTEROP_BITCOIND_URL', 'INTEROP_NODE_ID'])
      expect(complaint.split('Not set:')[0]).toContain(name)
  })

  test('says how it goes where it is asked for something else', async () => {
    for (const words of [[], ['lnd'], ['cln', '--all'], ['cln', '--only']]) {
      const { code, complaint } = await interop(words)
      expect([code, complaint]).toEqual([1, expect.stringContaining('npm run interop -- <cln|')])
    }
  })

  test('never runs with real money', async () => {
    const { overSocket } = await anInteropNode()
    const { code, complaint } = await interop(['cln'], { ...overSocket, INTEROP_NETWORK: 'bitcoin' })
    expect([code, complaint]).toEqual([1, 'INTEROP_NETWORK: never run this with real money\n'])
  })

  test(
    'over the socket: its checks hold, and a splice whose node dies before it signs settles once',
    async () => {
      const { overSocket, world } = await anInteropNode()
      const parts = ['shows its identity', 'refuses', 'node restarted before splice_signed of a splice-in']
      const { code, out, complaint } = await interop(['cln', ...parts.flatMap((part) => ['--only', part])], overSocket)
      expect({ code, out, complaint }).toMatchObject({ code: 0, complaint: '' })
      expect(out).toContain('held    node restarted before splice_signed of a splice-in')
      expect(out).toContain('5 held, 0 skipped, 0 wrong')
      expect(world.journal.effectiveSplices()).toHaveLength(1)
    },
    5 * MINUTE,
  )

  test(
    'over clnrest: says in JSON what held, and skips out loud what it has no command for',
    async () => {
      const { overRest, world } = await anInteropNode()
      const parts = ['credential', 'peer disconnected after splice_init of a splice-in', 'second splice']
      const only = parts.flatMap((part) => ['--only', part])
      const whole = await interop(['cln', '--json', ...only], overRest)
      const report = Report.parse(JSON.parse(whole.out))
      expect({ ...report, code: whole.code }, whole.out + whole.complaint).toMatchObject({
        code: 0,
        kind: 'cln',
        way: 'clnrest',
        held: 3,
      })
      expect(world.journal.effectiveSplices()).toHaveLength(3)
      const bare = await interop(['cln', '--json', ...only], withoutLevers(overRest))
      const { entries } = Report.parse(JSON.parse(bare.out))
      expect(entries.map(({ outcome, why }) => [outcome, why])).toEqual([
        ['held', ''],
        ['skipped', 'INTEROP_MINE is not given'],
        ['skipped', 'INTEROP_DISCONNECT is not given'],
      ])
    },
    5 * MINUTE,
  )
})
