import { describe, expect, test } from 'vitest'
import { clnNode } from '../../adapters/node/cln/node.ts'
import { permissionsOf } from '../../adapters/node/cln/permission.ts'
import type { MemoryHooks, Operation } from '../../adapters/store/memory.ts'
import { drive } from '../../core/drive/drive.ts'
import { unresolvedAttempts } from '../../core/splice/budget.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { aBench, aConfiguredNode } from '../../harness/ports/bench.ts'
import { aLiveSplice } from '../../harness/records/splices.ts'
import { aNodeSeen } from '../../harness/records/states.ts'
import { FUNDING, NOW, policy } from '../../harness/values.ts'
import { FakeChain } from '../../harness/ports/fake-chain.ts'
import { CLN_PEER, error, lost, ScriptedCln } from '../../harness/nodes/scripted-cln.ts'

const EVERY_MS = 30_000

type Given = {
  readonly cln?: ScriptedCln
  readonly hooks?: MemoryHooks
  readonly mayAbort?: boolean
  readonly splice?: Partial<Splice>
}

/** The product's core on a scripted Core Lightning, looked at every half minute. */
async function keeping({ cln = new ScriptedCln({ private: true }), hooks = {}, mayAbort = true, splice }: Given = {}) {
  const permissions = { ...permissionsOf(null), abort: mayAbort }
  const port = clnNode(cln, { clock: { now: () => bench.now }, network: 'regtest', permissions })
  const bench = aBench({ nodes: [aConfiguredNode({ port, chain: new FakeChain() })], hooks })
  const { id } = (await bench.store.create(aLiveSplice(splice))).splice
  await bench.store.putItem('node', 'alice', aNodeSeen(), 0)
  await bench.store.putItem('guard', '-', { generation: 0, backupAt: null }, 0)
  const stored = async (): Promise<Splice> => {
    const read = await bench.store.load(id)
    if (read === null) throw new Error('the splice is lost')
    return read
  }
  const look = async (times = 1): Promise<Splice> => {
    for (let n = 0; n < times; n++) {
      await drive(id, bench.ports, { policy, mayAct: true, shared: null })
      bench.now += EVERY_MS
    }
    return stored()
  }
  const count = (method: string): number => cln.did.filter((each) => each === method).length
  return { cln, bench, look, stored, count }
}

const isStep = (operation: Operation, name: string): boolean =>
  operation.type === 'put' && JSON.stringify(operation.row.body).includes(`"name":"${name}"`)

describe('a splice-out whose last update is not answered', () => {
  const aLost = (): ScriptedCln => {
    const cln = new ScriptedCln({ private: true })
    cln.faults.set('splice_update 1', lost(true))
    return cln
  }

  test('is never asked for again while the node has it in flight', async () => {
    const { look, count, cln } = await keeping({ cln: aLost(), mayAbort: false })
    const splice = await look(118)
    expect(cln.secured).toBe(true)
    expect(count('splice_init')).toBe(1)
    expect(count('abort_channels')).toBe(0)
    expect(splice).toMatchObject({
      state: 'submitted',
      attempts: [{ result: { type: 'unknown' }, notExecuted: null }],
    })
  })

  test('is not claimed to have failed or to be cancelled when its time is over', async () => {
    const { look, bench, stored } = await keeping({ cln: aLost(), mayAbort: false })
    await look(3)
    bench.now += 4_000_000
    const splice = await look(30)
    expect(splice.state).toBe('needs_attention')
    expect(unresolvedAttempts(await stored())).toHaveLength(1)
  })

  test('is recognised when the node completes it by itself, and never asked for again', async () => {
    const { look, count, cln } = await keeping({ cln: aLost() })
    await look()
    cln.channel = { ...cln.channel, state: 'CHANNELD_AWAITING_SPLICE' }
    const splice = await look(30)
    expect(splice).toMatchObject({
      state: 'pending',
      candidates: [{ txid: cln.txid, spends: FUNDING, feeRateSatPerKw: 1_000, block: null }],
    })
    expect(count('splice_init')).toBe(1)
    expect(count('abort_channels')).toBe(0)
  })

  test('is asked for again only after its ghost was cleared and the channel was quiet', async () => {
    const { look, count, cln } = await keeping({ cln: aLost() })
    const acts: string[] = []
    for (let n = 0; n < 60 && count('splice_init') < 2; n++) {
      await look()
      acts.push(...cln.did.filter((method) => ['abort_channels', 'splice_init'].includes(method)).slice(acts.length))
    }
    expect(acts.slice(0, 3)).toEqual(['splice_init', 'abort_channels', 'splice_init'])
  })

  test('is dead once the peer was away after the fence and is back with nothing in flight', async () => {
    const { look, cln, stored } = await keeping({
      cln: aLost(),
      mayAbort: false,
      splice: { cancelRequestedAt: null },
    })
    await look(5)
    cln.channel = { ...cln.channel, peer_connected: false, inflight: undefined }
    await look(2)
    cln.channel = { ...cln.channel, peer_connected: true, htlcs: [{}] }
    await look(4)
    expect((await stored()).attempts[0]?.notExecuted?.proof).toBe('disconnected_since')
  })
})

describe('a journal that cannot be written', () => {
  test.each(['splice_init', 'splice_update_secured', 'splice_signed'])(
    'at %s stops the flow before its call',
    async (name) => {
      const hooks: MemoryHooks = {
        before: (operation) => (isStep(operation, name) ? 'no_response' : null),
      }
      const { look, cln } = await keeping({ hooks })
      await look().catch(() => undefined)
      const call = name === 'splice_update_secured' ? 'splice_update' : name
      expect(cln.did).not.toContain(call)
      if (name !== 'splice_signed') expect(cln.secured).toBe(false)
    },
  )

  test('is stopped at although its write succeeded, when that was never heard', async () => {
    let faults = 1
    const hooks: MemoryHooks = {
      before: (operation) => (isStep(operation, 'splice_update_secured') && faults-- > 0 ? 'no_response' : null),
    }
    const { look, cln } = await keeping({ hooks })
    const splice = await look()
    expect(cln.secured).toBe(false)
    expect(splice.attempts[0]).toMatchObject({
      steps: [{ name: 'splice_update_secured' }],
      result: { type: 'refused', class: 'not_now' },
    })
  })
})

describe('a process that dies between two steps', () => {
  /** Dies at a call: nothing of its flow happens any more, and no answer is written. The next look is another process. */
  const dying = (method: string, nth: number, executed: boolean) => {
    const cln = new ScriptedCln({ private: true })
    let notExecuted = false
    const call = cln.call.bind(cln)
    cln.call = async (name, params, options) => {
      const before = cln.asked.filter((each) => each.method === name).length
      if (notExecuted || name !== method || before !== nth) return call(name, params, options)
      if (executed) await call(name, params, options)
      notExecuted = true
      throw new Error('the process died')
    }
    const hooks: MemoryHooks = { before: () => (notExecuted ? 'throttle' : null) }
    const revive = (): void => {
      notExecuted = false
      cln.call = call
    }
    return { cln, hooks, revive }
  }

  test.each(
    (['splice_in', 'splice_out'] as const).flatMap((kind) =>
      [
        kind === 'splice_in' ? 'fundpsbt 0' : 'addpsbtoutput 0',
        'splice_init 0',
        'splice_update 0',
        'splice_update 1',
        ...(kind === 'splice_in' ? ['signpsbt 0'] : []),
        'splice_signed 0',
      ].flatMap((at) => [true, false].map((executed) => [kind, at, executed] as const)),
    ),
  )('%s at %s, executed: %s: what may be signed is neither aborted nor asked for again', async (kind, at, executed) => {
    const [method = '', nth] = at.split(' ')
    const { cln, hooks, revive } = dying(method, Number(nth), executed)
    const paid = kind === 'splice_in' ? { address: null, script: null } : {}
    const { look, stored } = await keeping({ cln, hooks, splice: { kind, ...paid } })
    await look().catch(() => undefined)
    revive()
    const signedThen = cln.signed
    expect((await stored()).attempts[0]).toMatchObject({ result: null })
    const before = cln.did.length
    await look(70)
    const later = cln.did.slice(before)
    const splice = await stored()
    if (signedThen) {
      expect(later).not.toContain('splice_init')
      expect(later).not.toContain('abort_channels')
      expect(splice.state).toBe('pending')
    }
    if (at === 'splice_signed 0' && !executed) {
      // About to be signed, as far as the record knows: nobody but an operator may clear it.
      expect(later).not.toContain('splice_init')
      expect(later).not.toContain('abort_channels')
      expect(splice.state).toBe('submitted')
      return
    }
    // Whatever happened, it comes to an end, and once.
    expect(cln.did.filter((each) => each === 'splice_signed')).toHaveLength(1)
    expect(splice.candidates).toHaveLength(1)
  })
})

test('a splice that the node signed and could not broadcast is pending, kept and broadcast by us', async () => {
  const whole = new ScriptedCln({ private: true })
  const first = await keeping({ cln: whole })
  await first.look()
  const hex = (await first.bench.store.item('rawTransaction', whole.txid))?.value.hex ?? ''
  expect(hex).not.toBe('')
  const cln = new ScriptedCln({ private: true })
  cln.faults.set('splice_signed 0', error(350, true, `Unsent tx discarded ${hex}.`))
  const { look, bench } = await keeping({ cln })
  const splice = await look(3)
  expect(splice).toMatchObject({ state: 'pending', candidates: [{ txid: cln.txid }] })
  expect(bench.counts.get('broadcast.taken')).toBe(1)
  expect(bench.counts.get('rebroadcast.taken')).toBeGreaterThan(0)
})

describe('the gate channel keeps a splice from what breaks a Core Lightning', () => {
  test.each([
    ['a funding five deep', { short_channel_id: '196x1x1', private: true }, 'funding_shallow'],
    ['a public channel announced from one side', { private: false }, 'not_announced'],
    ['a payment', { private: true, htlcs: [{}] }, 'payments'],
  ])('%s', async (_says, channel, code) => {
    const { look, count } = await keeping({ cln: new ScriptedCln(channel) })
    expect(await look(3)).toMatchObject({ state: 'queued', waitingFor: { code } })
    expect(count('splice_init')).toBe(0)
  })

  test('and lets it go once nothing stands in the way', async () => {
    const { look, count } = await keeping({ cln: new ScriptedCln({ private: true, peer_id: CLN_PEER }) })
    expect(await look()).toMatchObject({ state: 'submitted' })
    expect(count('splice_signed')).toBe(1)
    expect((await look()).state).toBe('pending')
  })
})

test('a bound on the time of an attempt is what its rune and its fence have', async () => {
  const { look, cln } = await keeping()
  const splice = await look()
  const [attempt] = splice.attempts
  expect(attempt?.fenceAt).toBe(NOW + 120_000)
  const until = cln.asked.flatMap(({ options }) => options.until ?? [])
  expect(new Set(until)).toEqual(new Set([NOW + 60_000]))
})
