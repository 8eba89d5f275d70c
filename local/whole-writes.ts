import type { Write } from 'dynalite/db/index.js'
import database from 'dynalite/db/index.js'

/**
 * Makes dynalite write an item and its index entries atomically, as DynamoDB does. By default it writes them
 * one after the other, so a kill in between leaves an item that no index lists (a splice that no sweep finds)
 * or an index entry without its item (a splice listed twice).
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
