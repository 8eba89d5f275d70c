import { afterEach, beforeEach } from 'vitest'
import type { Store } from '../../core/ports/ports.ts'
import { describeItems, describePayments } from './store/items.ts'
import { describeDue, describeLists } from './store/lists.ts'
import { describeAuditLog, describeEventLog } from './store/logs.ts'
import type { OpenStore, Opened } from './store/opened.ts'
import { describeRefusals, describeSplices } from './store/splices.ts'

/** What every store does, whatever it stands on (core/ports/ports.ts). `open` gives an empty table. */
export function storeContract(open: () => Promise<OpenStore>): void {
  let current: { readonly table: OpenStore; readonly store: Store } | null = null
  const running = () => {
    if (current === null) throw new Error('no test runs')
    return current
  }
  const opened: Opened = {
    get table() {
      return running().table
    },
    get store() {
      return running().store
    },
    created: async (splice) => (await opened.store.create(splice)).splice,
  }
  beforeEach(async () => {
    const table = await open()
    current = { table, store: table.writer() }
  })
  afterEach(() => opened.table.close())

  describeSplices(opened)
  describeRefusals(opened)
  describeDue(opened)
  describeLists(opened)
  describeItems(opened)
  describePayments(opened)
  describeEventLog(opened)
  describeAuditLog(opened)
}
