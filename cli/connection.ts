import { splicekeeper, type Client } from '../client/index.ts'
import { readEndpoints } from '../local/endpoints.ts'
import { textOf } from '../local/problem.ts'
import { settingsOf } from '../local/settings.ts'
import { usage } from './exit.ts'
import type { Io } from './io.ts'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

type Given = { readonly url?: string | undefined; readonly 'api-key'?: string | undefined }

/**
 * Finds the service and the key: from options, then the environment, then the product that `npm start` runs
 * here (where an operator command uses the operator's key). Throws Stop when there is none.
 */
export function connect(given: Given, io: Io, who: 'client' | 'operator' = 'client'): Client {
  const url = given.url ?? io.environment['SPLICEKEEPER_URL']
  const key = given['api-key'] ?? io.environment['SPLICEKEEPER_KEY']
  if (url === undefined && key === undefined) {
    const local = localEndpoints(io)
    return splicekeeper(local.api, who === 'operator' ? local.operatorKey : local.key, { fetch: io.fetch })
  }
  // Never send a key to a service that it was not given for.
  if (url === undefined || key === undefined)
    throw usage('give both a URL and a key: SPLICEKEEPER_URL and SPLICEKEEPER_KEY, or --url and --api-key')
  if (!/^[\x21-\x7e]{1,256}$/.test(key)) throw usage('the API key is malformed')
  return splicekeeper(checkedUrl(url), key, { fetch: io.fetch })
}

function checkedUrl(text: string): string {
  const url = URL.parse(text)
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.includes(url.hostname))
  if (!safe) throw usage('the URL must be https, so that nobody can read the key in transit')
  return text
}

function localEndpoints(io: Io) {
  try {
    const endpoints = readEndpoints(settingsOf(io.environment).dataDir)
    if (endpoints !== null) return endpoints
  } catch (error) {
    throw usage(textOf(error))
  }
  throw usage('no service found: set SPLICEKEEPER_URL and SPLICEKEEPER_KEY, or start one here with npm start')
}
