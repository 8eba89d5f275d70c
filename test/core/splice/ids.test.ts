import { expect, test } from 'vitest'
import { eventIdOf, paymentIdOf, spliceIdOf, spliceIdOfPayment } from '../../../core/splice/ids.ts'

const id = spliceIdOf('acme', 'order-1')
const paymentId = paymentIdOf('acme', 'order-1')

test('an order has one id for ever: what is stored under it must be found again', () => {
  expect(paymentId).toBe('e8a5e2fb533db92fe91e4c50f4c72ef9a8e6caad2f594005ba200f21f7af25ef')
  expect(id).toBe('spl_e8a5e2fb533db92fe91e4c50')
})

test('no two orders share an id, wherever the name of the tenant ends and the key begins', () => {
  expect(spliceIdOf('a', 'bc')).not.toBe(spliceIdOf('ab', 'c'))
  expect(spliceIdOf('acme', 'order-2')).not.toBe(id)
})

test('the id of a splice is the first 96 bits of the 32 bytes of its payment', () => {
  expect(paymentId).toMatch(/^[0-9a-f]{64}$/)
  expect(spliceIdOfPayment(paymentId)).toBe(id)
  expect(id.slice('spl_'.length)).toHaveLength(96 / 4)
})

test('an event has its own id, the same however often it is published', () => {
  expect(eventIdOf(id, 1)).toBe('evt_e8a5e2fb533db92fe91e4c50_1')
  expect(eventIdOf(id, 12)).not.toBe(eventIdOf(id, 1))
})
