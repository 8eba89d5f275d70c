import { splicekeeper } from '../client/index.ts'
import type { Client } from '../client/index.ts'
import { readEndpoints } from '../local/endpoints.ts'
import { textOf } from '../local/problem.ts'
import { settingsOf } from '../local/settings.ts'
import { usage } from './exit.ts'
import type { Io } from './io.ts'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

type Given = { readonly url?: string | undefined; readonly 'api-key'?: string | undefined }

/**
 * The service and the key: options first, then the environment, then what `npm start` runs here. Of the latter an operator's
 * command takes the operator's key. Throws Stop where there is none.
 */
export function connect(given: Given, io: Io, who: 'client' | 'operator' = 'client'): Client {
  const url = given.url ?? io.environment['SPLICEKEEPER_URL']
  const key = given['api-key'] ?? io.environment['SPLICEKEEPER_KEY']
  if (url === undefined && key === undefined) {
    const local = localEndpoints(io)
    return splicekeeper(local.api, who === 'operator' ? local.operatorKey : local.key, { fetch: io.fetch })
  }
  // A key for one service is not shown to another.
  if (url === undefined || key === undefined)
    throw usage('SPLICEKEEPER_URL and SPLICEKEEPER_KEY, or --url and --api-key, go together')
  if (!/^[\x21-\x7e]{1,256}$/.test(key)) throw usage('the API key is not one')
  return splicekeeper(checkedUrl(url), key, { fetch: io.fetch })
}

function checkedUrl(text: string): string {
  const url = URL.parse(text)
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.includes(url.hostname))
  if (!safe) throw usage('the URL must be https, so that nobody reads the key on the way')
  return text
}

function localEndpoints(io: Io) {
  try {
    const endpoints = readEndpoints(settingsOf(io.environment).dataDir)
    if (endpoints !== null) return endpoints
  } catch (error) {
    throw usage(textOf(error))
  }
  throw usage('no service: set SPLICEKEEPER_URL and SPLICEKEEPER_KEY, or start one here with npm start')
}
