/** The internals of dynalite that `whole-writes.ts` replaces, in the version that package.json pins. */
declare module 'dynalite/db/index.js' {
  type Item = Readonly<Record<string, unknown>>
  type Callback = (error?: unknown) => void
  type Write =
    | { readonly type: 'put'; readonly key: string; readonly value: Item }
    | { readonly type: 'del'; readonly key: string }
  type Table = {
    readonly TableName: string
    readonly GlobalSecondaryIndexes?: readonly unknown[]
  }
  type Level = {
    put: (key: string, value: Item, done: Callback) => unknown
    del: (key: string, done: Callback) => unknown
    batch: (writes: readonly Write[], done: Callback) => unknown
  }
  type Actions = {
    readonly puts: readonly { readonly index: string; readonly key: string; readonly item: Item }[]
    readonly deletes: readonly { readonly index: string; readonly key: string }[]
  }
  const database: {
    create: (options: object) => { readonly db: Level }
    createKey(item: Item, table: Table): string
    getIndexActions(
      indexes: readonly unknown[],
      before: Item | null | undefined,
      after: Item | null | undefined,
      table: Table,
    ): Actions
    updateIndexes(
      store: { readonly db: Level },
      table: Table,
      before: Item | null | undefined,
      after: Item | null | undefined,
      done: Callback,
    ): void
  }
  export default database
  export type { Write }
}
