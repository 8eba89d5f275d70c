import { expect, test } from 'vitest'
import { reachable, withReach } from '../../../adapters/store/reach.ts'
import { MemoryRows } from '../../../adapters/store/memory-rows.ts'
import { StoreUnavailable } from '../../../core/ports/store-unavailable.ts'

const named = (name: string, more: object = {}) => Object.assign(new Error('why'), { name, ...more })

test.each([
  ['a time-out', named('TimeoutError'), 'TimeoutError'],
  ['a throttled partition', named('ProvisionedThroughputExceededException'), 'ProvisionedThroughputExceededException'],
  ['a throttled account', named('RequestLimitExceeded'), 'RequestLimitExceeded'],
  ['throttling', named('ThrottlingException'), 'ThrottlingException'],
  ['a fault of the database', named('InternalServerError'), 'InternalServerError'],
  ['nobody who listens', named('Error', { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  ['nobody who listens on either address', named('AggregateError', { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  ['a reset', named('TimeoutError', { code: 'ECONNRESET' }), 'TimeoutError'],
  ['a name that is not resolved', named('Error', { code: 'EAI_AGAIN' }), 'EAI_AGAIN'],
  ["a proxy's page", named('SyntaxError', { $metadata: { httpStatusCode: 502 } }), 'SyntaxError'],
])('%s is a database out of reach', (_says, error, name) => {
  const told = withReach(error)
  expect(told).toBeInstanceOf(StoreUnavailable)
  expect(told).toMatchObject({ name, message: 'why', cause: error })
})

test.each([
  ['a lost condition', named('ConditionalCheckFailedException', { $metadata: { httpStatusCode: 400 } })],
  ['a table that is not there', named('ResourceNotFoundException', { $metadata: { httpStatusCode: 400 } })],
  ['a key that may not', named('AccessDeniedException')],
  ['a slip of the program', new TypeError('x is not a function')],
  ['no error at all', 'a string'],
])('%s is not', (_says, error) => expect(withReach(error)).toBe(error))

test('every request of the rows is told so', async () => {
  const away = async () => Promise.reject(named('TimeoutError'))
  const rows = reachable(
    Object.assign(new MemoryRows(), { get: away, getMany: away, put: away, slice: away, list: away }),
  )
  const key = { pk: 'a', sk: 'b' }
  const row = { ...key, version: 1, writeId: 'w', body: {}, index: null }
  const asked = [
    rows.get(key),
    rows.getMany([key]),
    rows.put(row, 'absent'),
    rows.slice({ pk: 'a', after: null, descending: false, limit: 1 }),
    rows.list({ list: 'due', partition: 'a', through: null, after: null, limit: 1 }),
  ]
  for (const answer of asked) await expect(answer).rejects.toBeInstanceOf(StoreUnavailable)
})
