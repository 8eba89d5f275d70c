import { open } from 'node:fs/promises'

/** A cookie is `__cookie__:` and 64 digits; a file of this size is not a cookie. */
const MAX_COOKIE_BYTES = 512

/** A user from Bitcoin Core's configuration (`rpcauth`), or the cookie file that it rewrites at each start. */
export type BitcoindAuth = { readonly user: string; readonly password: string } | { readonly cookieFile: string }

export type Credentials = { readonly user: string; readonly password: string }

type CredentialSource = {
  /** Null when the file cannot be read or holds no cookie. */
  current(): Promise<Credentials | null>
  /** Credentials other than the refused ones; null when there are none. */
  renewed(refused: Credentials): Promise<Credentials | null>
}

async function cookieIn(path: string): Promise<Credentials | null> {
  const file = await open(path).catch(() => null)
  try {
    const read = await file?.read(Buffer.alloc(MAX_COOKIE_BYTES))
    if (read === undefined || read.bytesRead === MAX_COOKIE_BYTES) return null
    const text = read.buffer.toString('utf8', 0, read.bytesRead)
    const [, user, password] = /^([^:\s]+):(\S+)\s*$/.exec(text) ?? []
    return user === undefined || password === undefined ? null : { user, password }
  } catch {
    return null
  } finally {
    await file?.close()
  }
}

/** A source of credentials. A cookie is read when first needed, and again after it was refused. */
export function credentialsOf(auth: BitcoindAuth): CredentialSource {
  if (!('cookieFile' in auth)) {
    const { user, password } = auth
    return { current: async () => ({ user, password }), renewed: async () => null }
  }
  let cookie: Credentials | null = null
  return {
    current: async () => (cookie ??= await cookieIn(auth.cookieFile)),
    async renewed(refused) {
      const found = await cookieIn(auth.cookieFile)
      if (found === null || found.password === refused.password) return null
      cookie = found
      return found
    },
  }
}
