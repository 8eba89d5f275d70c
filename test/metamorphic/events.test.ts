import { test } from 'vitest'
import {
  doubled,
  doubledLater,
  late,
  lost,
  lostOnce,
  overtaking,
  permuted,
  reversed,
  tripled,
  veryLate,
} from './delivery.ts'
import { describeDeliveries, describeLives, expectSame } from './equality.ts'

describeDeliveries([
  ['every event doubled', { events: doubled }],
  ['every event tripled', { events: tripled }],
  ['every event repeated four minutes later', { events: doubledLater }],
  ['every event late', { events: late }],
  ['every event very late', { events: veryLate }],
  ['events that overtake one another', { events: overtaking }],
  ['no event', { events: lost }],
  ['events in reverse', { events: doubled, order: reversed }],
  ['events in any order', { events: tripled, order: permuted('c') }],
])

describeLives((life, calm) => {
  test('with any one event lost', async () => {
    const known = await calm()
    for (let n = 0; n < known.sent.events; n++)
      await expectSame(life, { events: lostOnce(n) }, known, `without event ${n}`)
  })
})
