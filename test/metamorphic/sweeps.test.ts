import { doubled, rhythms } from './delivery.ts'
import { describeDeliveries } from './equality.ts'

describeDeliveries([
  ['sweeps every five seconds', { sweepMs: 5_000 }],
  ['a sweep before and after each message', { batch: 1, rhythm: rhythms.sweepsAround }],
  ['two sweeps at once', { rhythm: rhythms.sweepsAtOnce }],
  ['sweeps while messages are taken', { batch: 1, rhythm: rhythms.sweepsWhileWorking }],
  ['messages taken side by side', { batch: 1, hints: doubled, events: doubled, rhythm: rhythms.sideBySide }],
  ['everything driven around each message', { batch: 1, rhythm: rhythms.drives }],
  ['everything driven while messages are taken', { rhythm: rhythms.drivesAtOnce }],
])
