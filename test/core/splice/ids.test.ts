import { expect, test } from 'vitest'
import { eventIdOf, paymentIdOf, spliceIdOf, spliceIdOfPayment } from '../../../core/splice/ids.ts'

const id = spliceIdOf('acme', 'order-1')

test('an order has one id for ever: what is stored under it must be found again', () => {
  expect(id).toBe('spl_e8a5e2fb533db92fe91e4c50f4c72ef9a8e6caad2f594005ba200f21f7af25ef')
})

test('no two orders share an id, wherever the name of the tenant ends and the key begins', () => {
  expect(spliceIdOf('a', 'bc')).not.toBe(spliceIdOf('ab', 'c'))
  expect(spliceIdOf('acme', 'order-2')).not.toBe(id)
})

test('the payment of a splice has the same 32 bytes, there and back', () => {
  expect(paymentIdOf(id)).toMatch(/^[0-9a-f]{64}$/)
  expect(spliceIdOfPayment(paymentIdOf(id))).toBe(id)
})

test('an event has its own id, the same however often it is published', () => {
  expect(eventIdOf(id, 1)).toBe(`evt_${paymentIdOf(id)}_1`)
  expect(eventIdOf(id, 12)).not.toBe(eventIdOf(id, 1))
})
