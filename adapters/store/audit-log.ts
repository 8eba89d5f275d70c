import * as z from 'zod'
import type { Store } from '../../core/ports/ports.ts'
import { numberedLog } from './numbered-log.ts'
import type { Rows } from './rows.ts'

/** Longer than any note, id or list of scopes that the API accepts, so that entries are stored unshortened. */
const LONGEST_TEXT = 1_000

const StoredEntry = z.object({
  sequence: z.int().positive(),
  id: z.string().min(1),
  at: z.number().nonnegative(),
  action: z.string().min(1).max(64),
  key: z.object({ name: z.string().max(LONGEST_TEXT), id: z.string() }),
  about: z.record(z.string().max(64), z.string().max(LONGEST_TEXT)),
})

/** The tenants' audit logs. Entries are bounded in size and never deleted. */
export function auditLog(rows: Rows, ids: { id(): string }): Pick<Store, 'appendAudit' | 'auditAfter'> {
  const log = numberedLog(rows, ids, { name: 'AUDIT', schema: StoredEntry })
  return {
    async appendAudit(tenant, entry) {
      const { sequence } = await log.append(tenant, entry.id, (last) => ({
        ...entry,
        sequence: (last?.sequence ?? 0) + 1,
      }))
      return sequence
    },
    auditAfter: (tenant, after, limit) => log.after(tenant, after, limit),
  }
}
