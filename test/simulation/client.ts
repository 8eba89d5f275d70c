import * as z from 'zod'
import { createApi } from '../../functions/api/app.ts'
import type { ApiDeps } from '../../functions/api/context.ts'
import { hashOf } from '../../core/keys/api-key.ts'

const SECRET = 'sk_simulation'
const TENANT = 'acme'

/** What the API answered; `body` is the splice, or the problem. */
export type Answer = {
  readonly status: number
  readonly id: string | null
  readonly code: string | null
}

const Body = z.object({ id: z.string().optional(), code: z.string().optional() })

/** A client with a key that may do everything, and the API that it talks to. */
export class Client {
  readonly #api: ReturnType<typeof createApi>

  constructor(deps: ApiDeps) {
    this.#api = createApi(deps)
  }

  /** The client's key as the table keeps it; it has to be there before the first request. */
  static async give(store: ApiDeps['ports']['store']): Promise<void> {
    const scopes: ('splices:read' | 'splices:write' | 'operator')[] = ['splices:read', 'splices:write', 'operator']
    const item = { tenant: TENANT, name: 'simulation', scopes, createdAt: 0, revokedAt: null }
    await store.putItem('key', hashOf(SECRET), item, 0)
  }

  /** One request, once. A server error means that the client does not know what became of it. */
  async post(path: string, body: object | null, key: string | null): Promise<Answer> {
    const response = await this.#api.request(path, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${SECRET}`,
        ...(body === null ? {} : { 'Content-Type': 'application/json' }),
        ...(key === null ? {} : { 'Idempotency-Key': key }),
      },
      ...(body === null ? {} : { body: JSON.stringify(body) }),
    })
    const { id, code } = Body.parse(await response.json())
    return { status: response.status, id: id ?? null, code: code ?? null }
  }
}

/** Whether an answer leaves open what became of a request. */
export function isUnknown({ status }: Answer): boolean {
  return status >= 500
}
