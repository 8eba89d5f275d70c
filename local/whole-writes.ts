import type { Write } from 'dynalite/db/index.js'
import database from 'dynalite/db/index.js'

/**
 * Lets dynalite write an item and its entries in the indexes at once, as DynamoDB does. It writes them one after the other: a
 * process that is killed in between leaves an item that no index lists, hence a splice that no sweep finds, or an entry of an
 * item that was never written, hence a splice that the list shows twice.
 */
export function writeWholeItems(): void {
  database.updateIndexes = ({ db }, table, before, after, done) => {
    const { TableName: name, GlobalSecondaryIndexes: indexes = [] } = table
    const { puts, deletes } = database.getIndexActions(indexes, before, after, table)
    const entry = (index: string, key: string): string => `index-global~${name}~${index}~${key}`
    const item = after ?? before
    if (item === null || item === undefined) return done()
    const key = `item-${name}~${database.createKey(item, table)}`
    const writes: Write[] = [
      ...deletes.map((old): Write => ({ type: 'del', key: entry(old.index, old.key) })),
      ...puts.map((made): Write => ({ type: 'put', key: entry(made.index, made.key), value: made.item })),
      after ? { type: 'put', key, value: after } : { type: 'del', key },
    ]
    db.batch(writes, done)
  }
}
