import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { exits } from '../../cli/exit.ts'
import { keyIdOf } from '../../core/keys/api-key.ts'
import { createKey } from '../../adapters/keys/new-key.ts'
import { ADDRESS, aSpliceId } from '../../harness/values.ts'
import { CHANNEL, NOW } from '../../harness/api/values.ts'
import { aWorld } from '../../harness/api/world.ts'
import { order } from '../../harness/api/request.ts'
import { aSplice, aSpliceAtRest } from '../../harness/records/splices.ts'
import { aDesk, losesAnswers, spawned } from './cli-fixture.ts'

const PLACE = ['--node', 'alice', '--channel', CHANNEL]
const OUT = ['out', '50000', '--address', ADDRESS, ...PLACE]

const Splice = z.looseObject({
  id: z.string(),
  status: z.string(),
  metadata: z.record(z.string(), z.string()),
})

describe('an order', () => {
  test('is sent with a key that was told before, and its splice printed', async () => {
    const world = await aWorld()
    const { spawn: run } = await aDesk(world)
    const ended = await run([...OUT, '--meta', 'order=42', '--meta', 'note=a=b', '--json'])
    expect(ended.exit).toBe(exits.done)
    const splice = Splice.parse(JSON.parse(ended.out))
    expect(splice).toMatchObject({ status: 'queued', metadata: { order: '42', note: 'a=b' } })
    const key = /^Idempotency-Key: (cli-\S+)\n$/.exec(ended.err)?.[1] ?? ''
    const again = await run([...OUT, '--meta', 'order=42', '--meta', 'note=a=b', '--key', key, '--json'])
    expect(Splice.parse(JSON.parse(again.out)).id).toBe(splice.id)
    expect((await world.store.byTenant('acme', 9, null)).ids).toEqual([splice.id])
  })

  test('whose answer was lost is repeated with the same key: one splice', async () => {
    const world = await aWorld()
    const pauses: number[] = []
    const { service, run } = await aDesk(world, (milliseconds) => void pauses.push(milliseconds))
    losesAnswers(service, 2)
    const ended = await run([...OUT, '--key', 'order-1'])
    expect([ended.exit, ended.err]).toEqual([exits.done, ''])
    expect(service.arrived.map(({ headers }) => headers.get('Idempotency-Key'))).toEqual(
      Array.from({ length: 3 }, () => 'order-1'),
    )
    expect((await world.store.byTenant('acme', 9, null)).ids).toHaveLength(1)
    expect(pauses).toEqual([500, 1_500])
  })

  test('that comes too often waits for as long as it is told', async () => {
    const world = await aWorld()
    const pauses: number[] = []
    const { service, run } = await aDesk(world, (milliseconds) => {
      pauses.push(milliseconds)
      service.instead = null
    })
    const problem = { code: 'rate_limited', title: 'Too often', status: 429 }
    service.instead = () => Response.json(problem, { status: 429, headers: { 'Retry-After': '3' } })
    expect((await run(OUT)).exit).toBe(exits.done)
    expect(pauses).toEqual([3_000])
  })

  test('that nobody answers ends with 3, and says how to repeat it', async () => {
    const world = await aWorld()
    const { service, run } = await aDesk(world)
    losesAnswers(service, 9)
    const ended = await run([...OUT, '--key', 'order-1', '--json'])
    expect(ended.exit).toBe(exits.unreachable)
    expect(ended.err).toContain('repeat it with --key order-1')
    expect(JSON.parse(ended.out)).toMatchObject({ code: 'not_splicekeeper' })
  })

  test('that is refused ends with 1 and the problem', async () => {
    const world = await aWorld()
    const { run } = await aDesk(world)
    const dust = await run(['out', '1', '--address', ADDRESS, ...PLACE, '--json'])
    expect(dust.exit).toBe(exits.refused)
    expect(JSON.parse(dust.out)).toMatchObject({ code: 'dust', status: 422, field: 'amountSats' })
    await order(world, 'order-1')
    const reused = await run(['out', '60000', '--address', ADDRESS, ...PLACE, '--key', 'order-1'])
    expect(reused.exit).toBe(exits.refused)
    expect(reused.err).toContain('[idempotency_key_reused]. Correct it, and send it with another --key\n')
    const nobody = await run(['out', '60000', '--address', ADDRESS, '--node', 'nobody', '--channel', CHANNEL])
    expect(nobody.err).toContain('[node_not_found]. Repeating it does not help\n')
  })

  test('that the database does not take for now is sent again with the same key, and is one order', async () => {
    let fails = true
    const world = await aWorld({
      before: (operation) =>
        fails && operation.type === 'put' && operation.row.pk.startsWith('SPL#') ? 'no_response' : null,
    })
    const { run } = await aDesk(world, () => {
      fails = false
    })
    expect((await run([...OUT, '--key', 'order-1'])).exit).toBe(exits.done)
    expect((await world.store.byTenant('acme', 9, null)).ids).toHaveLength(1)
  })

  test('that would rather fail than wait says how much is missing', async () => {
    const { run } = await aDesk(await aWorld())
    const ended = await run(['out', '999999', '--address', ADDRESS, ...PLACE, '--fail-fast'])
    expect(ended.exit).toBe(exits.refused)
    expect(ended.err).toMatch(/It can pay [\d,]+ sats; [\d,]+ sats are missing\./)
    expect(ended.err).toContain('[insufficient_balance]')
  })

  test('that is not valid is refused with one sentence a field', async () => {
    const { run } = await aDesk(await aWorld())
    const ended = await run([...OUT, '--deadline', 'soon', '--max-attempts', '11'])
    expect(ended.err).toContain(
      'The request is not valid: `budget.maxAttempts` must be at most 10; `budget.deadline` must be a time',
    )
  })

  test.each([
    [['out', '5e4', ...PLACE], 'the amount'],
    [['out', '-5', ...PLACE], 'no option -5'],
    [['out', '50000', '60000', ...PLACE], 'too many arguments'],
    [['out', '50000', ...PLACE, '--max-fe', '5'], 'no option --max-fe'],
    [['out', '50000', ...PLACE, '--max-fee'], '--max-fee needs a value'],
    [['out', '50000', ...PLACE, '--max-fee', '--json'], '--max-fee needs a value'],
    [['out', '50000', ...PLACE, '--max-fee-rate', '0'], '--max-fee-rate'],
    [['out', '50000', ...PLACE, '--meta', 'order'], 'name=value'],
    [['out', '50000', ...PLACE, '--json=no'], '--json takes no value'],
    [['out', '50000', ...PLACE, '--no-json'], 'no option --no-json'],
    [['in', '50000', '--address', ADDRESS, ...PLACE], 'no option --address'],
    [['out', ...PLACE], 'AMOUNT'],
    [['splice'], 'no command splice'],
    [['keys'], 'keys takes one of create, list, revoke'],
    [['webhooks', 'lost'], 'webhooks takes one of list, show, create'],
    [['show', '..'], 'is not a valid id'],
    [['show', 'a/../b'], 'is not a valid id'],
    [['preview', 'sideways', '50000', ...PLACE], 'in or out'],
    [['resolve', 'spl_1', 'failed'], '--note'],
    [['list', '--status', 'lost'], '--status'],
  ])('%j is a wrong command line: 2, and nothing is sent', async (words, says) => {
    const world = await aWorld()
    const { service, run } = await aDesk(world)
    const ended = await run(words)
    expect(ended.exit).toBe(exits.usage)
    expect(ended.err).toContain(says)
    expect(service.arrived).toEqual([])
  })
})

test('a wrong command line ends a process with 2 and help with 0', async () => {
  const wrong = await spawned(['show', '--help', '--nonsense'], {})
  expect([wrong.exit, wrong.err]).toEqual([exits.done, ''])
  expect(wrong.out).toContain('splicekeeper show')
  const ended = await spawned(['show'], {})
  expect([ended.exit, ended.out]).toEqual([exits.usage, ''])
})

describe('the state of a splice', () => {
  test.each([
    ['failed', exits.failed],
    ['cancelled', exits.failed],
    ['settled', exits.done],
  ] as const)('%s is the exit code %i', async (state, exit) => {
    const world = await aWorld()
    const { run } = await aDesk(world)
    await world.store.create(aSpliceAtRest({ state }))
    expect((await run(['show', aSpliceId(1)])).exit).toBe(exit)
  })

  test('that needs attention is the exit code 5, and says what for', async () => {
    const world = await aWorld()
    const { run } = await aDesk(world)
    const attention = { code: 'attribution', message: 'Two transactions could be it.' }
    await world.store.create(aSplice({ state: 'needs_attention', attention }))
    const ended = await run(['show', aSpliceId(1)])
    expect(ended.exit).toBe(exits.attention)
    expect(ended.out).toContain('Two transactions could be it.')
  })

  test('shows no terminal anything that it would obey', async () => {
    const world = await aWorld()
    const { run } = await aDesk(world)
    await world.store.create(aSplice({ metadata: { evil: '\u001b]0;owned\u0007\u202e' } }))
    const ended = await run(['show', aSpliceId(1)])
    for (const obeyed of ['\u001b', '\u0007', '\u202e']) expect(ended.out).not.toContain(obeyed)
  })

  test('of another tenant is refused as one that does not exist', async () => {
    const world = await aWorld()
    const { run } = await aDesk(world)
    await world.store.create(aSplice())
    const ended = await run(['show', aSpliceId(1), '--json'], { key: world.keys.stranger })
    expect([ended.exit, JSON.parse(ended.out)]).toMatchObject([exits.refused, { code: 'splice_not_found' }])
  })
})

describe('keys', () => {
  const Key = z.looseObject({ id: z.string(), secret: z.string() })

  test('are made, used, listed and revoked; the revoked one is refused', async () => {
    const world = await aWorld()
    const { run } = await aDesk(world)
    const made = Key.parse(JSON.parse((await run(['keys', 'create', 'cron', '--json'])).out))
    expect((await run(['list'], { key: made.secret })).exit).toBe(exits.done)
    expect((await run(['keys', 'list'])).out).toContain(made.id)
    expect((await run(['keys', 'revoke', made.id])).exit).toBe(exits.done)
    const ended = await run(['list', '--json'], { key: made.secret })
    expect([ended.exit, JSON.parse(ended.out)]).toMatchObject([exits.refused, { code: 'unauthorized' }])
    expect((await run(['audit'])).out).toMatch(/create_key[^]*revoke_key/)
  })

  test('whose answer was lost are not made twice unasked', async () => {
    const world = await aWorld()
    const { service, run } = await aDesk(world)
    losesAnswers(service, 1)
    const ended = await run(['keys', 'create', 'cron'])
    expect(ended.exit).toBe(exits.unreachable)
    expect(ended.err).toContain('revoke it and create another')
    expect((await world.store.item('keyList', 'acme'))?.value.hashes).toHaveLength(1)
  })

  test('without the scope are refused', async () => {
    const world = await aWorld()
    const { run } = await aDesk(world)
    const ended = await run(['keys', 'list', '--json'], { key: world.keys.writer })
    expect([ended.exit, JSON.parse(ended.out)]).toMatchObject([exits.refused, { code: 'forbidden' }])
  })

  test('with names that a terminal would obey are listed harmlessly', async () => {
    const world = await aWorld()
    const { run } = await aDesk(world)
    const { hash, item } = createKey({ tenant: 'acme', name: '\u001b[2Jx', scopes: ['operator'] }, NOW)
    await world.store.putItem('keyList', 'acme', { hashes: [hash], revoking: [] }, 0)
    await world.store.putItem('key', hash, item, 0)
    const { out } = await run(['keys', 'list'])
    expect(out).toContain(keyIdOf(hash))
    expect(out).not.toContain('\u001b')
  })
})

describe('the service', () => {
  test('that does not run is 3', async () => {
    const world = await aWorld()
    const { service, run } = await aDesk(world)
    await service.stop()
    const ended = await run(['list', '--json'])
    expect(ended.exit).toBe(exits.unreachable)
    expect(JSON.parse(ended.out)).toMatchObject({ code: 'unreachable' })
  })

  test('is not asked over http from afar, nor with half of what it needs', async () => {
    const far = await spawned(['list'], { SPLICEKEEPER_URL: 'http://keeper.example', SPLICEKEEPER_KEY: 'k' })
    expect([far.exit, far.err]).toEqual([exits.usage, expect.stringContaining('https')])
    const half = await spawned(['list'], { SPLICEKEEPER_URL: 'https://keeper.example' })
    expect([half.exit, half.err]).toEqual([exits.usage, expect.stringContaining('both a URL and a key')])
    expect((await spawned(['list'], {})).err).toContain('npm start')
  })

  test('that runs here is found by itself, with the key that the command needs', async () => {
    const world = await aWorld()
    const { service } = await aDesk(world)
    const folder = mkdtempSync(join(tmpdir(), 'cli-'))
    const endpoints = {
      pid: process.pid,
      api: service.url,
      key: world.keys.writer,
      operatorKey: world.keys.operator,
      sim: null,
      esplora: null,
      node: null,
      nodeUrl: null,
      channels: [],
      table: service.url,
      queues: service.url,
    }
    writeFileSync(join(folder, 'endpoints.json'), JSON.stringify(endpoints))
    const environment = { DATA_DIR: folder }
    expect((await spawned(['nodes'], environment)).out).toContain('alice')
    expect((await spawned(['keys', 'list'], environment)).exit).toBe(exits.done)
  })
})

test('exports all parts of a long table as one', async () => {
  const world = await aWorld()
  const { run } = await aDesk(world)
  for (let n = 1; n <= 703; n += 1) await world.store.create(aSplice({ id: aSpliceId(n), createdAt: NOW + n }))
  const { exit, out } = await run(['export'])
  const lines = out.split('\r\n')
  expect([exit, lines.length, lines.filter((line) => line.startsWith('"payment_id"')).length]).toEqual([0, 705, 1])
  expect(new Set(lines).size).toBe(705)
})

test.each(['bash', 'zsh', 'fish'])('completes in %s every command', async (shell) => {
  const { exit, out } = await spawned(['completion', shell], {})
  expect(exit).toBe(exits.done)
  for (const word of [
    'out',
    'preview',
    'events',
    'webhooks',
    'redeliver',
    'keys',
    'revoke',
    'max-fee-rate',
    'completion',
  ])
    expect(out).toContain(word)
})

test('completes in a real bash', async () => {
  const { out } = await spawned(['completion', 'bash'], {})
  const words = (line: string[]) =>
    execFileSync('bash', [
      '-c',
      `${out}\nCOMP_WORDS=(splicekeeper ${line.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${line.length}; _splicekeeper; echo "\${COMPREPLY[@]}"`,
    ])
      .toString()
      .trim()
      .split(' ')
  expect(words(['ca'])).toEqual(['cancel'])
  expect(words(['keys', 'c'])).toEqual(['create'])
  expect(words(['webhooks', 'd'])).toEqual(['disable', 'delete'])
  expect(words(['webhooks', 'redeliver', '--s'])).toEqual(['--sequence'])
  expect(words(['keys', 'create', '--s'])).toEqual(['--scopes'])
  expect(words(['out', '--max'])).toEqual(['--max-attempts', '--max-fee-rate', '--max-fee'])
  expect(words(['out', '50000', '--addr'])).toEqual(['--address'])
  expect(words(['completion', 'f'])).toEqual(['fish'])
})
