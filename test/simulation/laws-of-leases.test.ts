import { expect, test } from 'vitest'
import type { ChannelLease } from '../../core/ports/records.ts'
import { aQueueEntry, queueOf } from '../../harness/records/queue.ts'
import { brokenByLease, lawsOfLeases } from './laws-of-leases.ts'

const live = () => true
const lease = (overrides: Partial<ChannelLease>): ChannelLease => ({
  holder: null,
  queue: [],
  frozen: null,
  ...overrides,
})
const equal = { amountSats: 5_000, script: '00' }

test.each<[string, Partial<ChannelLease>]>([
  ['the lease goes to the first that does not let others pass', { holder: 'spl_b', queue: queueOf('spl_a', 'spl_b') }],
  ['a queue names a splice once', { queue: queueOf('spl_a', 'spl_a') }],
  [
    'no two live splices of a queue are equal',
    { queue: [aQueueEntry({ id: 'spl_a', ...equal }), aQueueEntry({ id: 'spl_b', ...equal })] },
  ],
])('%s', (law, broken) => {
  expect(Object.keys(lawsOfLeases)).toContain(law)
  const write = { before: null, lease: lease(broken), isLive: live }
  expect(brokenByLease(write).map((violation) => violation.law)).toEqual([law])
})

test('one that passes, or has ended, may be overtaken', () => {
  const queue = [aQueueEntry({ id: 'spl_a', passes: true }), ...queueOf('spl_b', 'spl_c')]
  const write = { before: null, lease: lease({ holder: 'spl_c', queue }) }
  expect(brokenByLease({ ...write, isLive: (id) => id !== 'spl_b' })).toEqual([])
  expect(brokenByLease({ ...write, isLive: live })).toHaveLength(1)
})
