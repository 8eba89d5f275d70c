import { listen, type Listening, type ListenOptions } from '../world/listen.ts'
import { Hono, type Context } from 'hono'
import * as z from 'zod'
import { chainRpc } from './bitcoind-methods.ts'
import { type ChainBehind, ChainRpcError, NoChain } from './bitcoind-method.ts'

const INVALID_REQUEST = -32600
const METHOD_NOT_FOUND = -32601
const PARSE_ERROR = -32700

export type BitcoindServerOptions = ListenOptions &
  ChainBehind & {
    readonly user: string
    readonly password: string
  }

export type BitcoindServer = Listening

const Request = z.object({
  jsonrpc: z.literal('1.0'),
  id: z.union([z.string(), z.number()]),
  method: z.string(),
  params: z.array(z.unknown()),
})

/** Bitcoin Core up to 27, and later versions for JSON-RPC 1.0, answer errors with a status other than 200. */
function refuse(context: Context, code: number, message: string, id: string | number | null = null) {
  const status = code === INVALID_REQUEST ? 400 : code === METHOD_NOT_FOUND ? 404 : 500
  return context.json({ result: null, error: { code, message }, id }, status)
}

async function answer(context: Context, methods: ReturnType<typeof chainRpc>): Promise<Response> {
  let body: unknown
  try {
    body = await context.req.json()
  } catch {
    return refuse(context, PARSE_ERROR, 'Parse error')
  }
  const request = Request.safeParse(body)
  if (!request.success) return refuse(context, INVALID_REQUEST, 'Invalid Request object')
  const { id, method, params } = request.data
  const run = Object.hasOwn(methods, method) ? methods[method] : undefined
  if (run === undefined) return refuse(context, METHOD_NOT_FOUND, 'Method not found', id)
  try {
    return context.json({ result: await run(params, { signal: context.req.raw.signal }), error: null, id })
  } catch (error) {
    if (error instanceof ChainRpcError) return refuse(context, error.code, error.message, id)
    if (error instanceof NoChain) return context.text('Work queue depth exceeded', 503)
    throw error
  }
}

/** Serves a simulated chain as a Bitcoin Core without a transaction index, and with an index of spenders if told so: JSON-RPC with basic authentication. */
export async function startBitcoindServer(options: BitcoindServerOptions): Promise<BitcoindServer> {
  const { user, password } = options
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const methods = chainRpc(options)
  const app = new Hono()
  app.post('/', async (context) => {
    if (context.req.header('authorization') === expected) return answer(context, methods)
    context.header('WWW-Authenticate', 'Basic realm="jsonrpc"')
    return context.body(null, 401)
  })
  app.all('*', (context) => context.text('JSONRPC server handles only POST requests', 405))
  return listen(app.fetch, options)
}
