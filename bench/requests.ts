import type { Operation } from '../adapters/store/memory.ts'
import { HOUR, MINUTE, startKeeper } from '../test/support/keeper.ts'

const LONGEST_MINUTES = 300
const BLOCK_MINUTES = 10

/** Requests to the table, of each kind as DynamoDB calls it. */
export type Requests = Readonly<
  Record<'GetItem' | 'BatchGetItem' | 'Query' | 'Query of an index' | 'PutItem', number>
>

const NAMES = {
  get: 'GetItem',
  getMany: 'BatchGetItem',
  slice: 'Query',
  list: 'Query of an index',
  put: 'PutItem',
} as const satisfies Record<Operation['type'], keyof Requests>

const none: Requests = { GetItem: 0, BatchGetItem: 0, Query: 0, 'Query of an index': 0, PutItem: 0 }

function difference(from: Requests, to: Requests): Requests {
  return {
    GetItem: to.GetItem - from.GetItem,
    BatchGetItem: to.BatchGetItem - from.BatchGetItem,
    Query: to.Query - from.Query,
    'Query of an index': to['Query of an index'] - from['Query of an index'],
    PutItem: to.PutItem - from.PutItem,
  }
}

/**
 * Counts what an hour without any splice asks of the table, on one node with two channels, and what a plain splice-out adds to
 * it from its order until it has settled. The in-memory table is asked one to one as DynamoDB is.
 */
export async function countRequests() {
  let asked = none
  const keeper = await startKeeper({
    hooks: {
      before: ({ type }) => {
        asked = { ...asked, [NAMES[type]]: asked[NAMES[type]] + 1 }
        return null
      },
    },
  })
  const blockMs = BLOCK_MINUTES * MINUTE
  await keeper.run(2 * HOUR, { blockMs })
  const before = asked
  await keeper.run(HOUR, { blockMs })
  const idleHour = difference(before, asked)
  const start = asked
  const { id } = await keeper.post()
  let minutes = 0
  do {
    minutes += 1
    await keeper.run(MINUTE, minutes % BLOCK_MINUTES === 0 ? { blockMs: MINUTE } : {})
  } while ((await keeper.splice(id)).state !== 'settled' && minutes < LONGEST_MINUTES)
  const idle = (name: keyof Requests): number => Math.round((idleHour[name] * minutes) / 60)
  const all = difference(start, asked)
  // One of them was ours: the state is read once a minute.
  const own: Requests = { ...none, GetItem: minutes }
  const splice = Object.fromEntries(
    Object.values(NAMES).map((name) => [name, all[name] - own[name] - idle(name)]),
  )
  return { idleHour, plainSplice: splice, minutes }
}
