import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import * as z from 'zod'
import type { ServerCertificate } from '../world/certificate.ts'
import { codes, type ClnError, type Outcome } from './answer.ts'
import { jsonText } from './json-text.ts'
import type { ServedClnNode } from './steering.ts'
import type { WireFault, WireFaults } from './wire-faults.ts'
import { bytesOf } from '../../adapters/net/body.ts'

const PATH_PREFIX = '/v1/'
const MAX_BODY_BYTES = 10 * 1024 * 1024
const RUNE_CODES: readonly number[] = [
  codes.runeNotAuthorized,
  codes.runeNotPermitted,
  codes.runeBlacklisted,
  codes.invalidParams,
]

const Params = z.record(z.string(), z.unknown())

type Answer = { readonly status: number; readonly body: unknown }

function failed(status: number, { code, message, more }: ClnError): Answer {
  return { status, body: { code, message, data: more?.['data'] ?? null } }
}

/** Why a request is refused before its rune is checked; null if it is not. */
function headFault({ method, headers }: IncomingMessage): Answer | null {
  if (method !== 'POST')
    return failed(405, {
      code: codes.unknownCommand,
      message: 'Path invalid, http_method must be POST for CLN methods',
    })
  if (typeof headers['rune'] !== 'string')
    return failed(403, { code: codes.runeNotAuthorized, message: 'Not authorized: Missing rune' })
  return null
}

/** The parameters in a body; null if it is not a JSON object. An empty body has none; null values are dropped. */
function paramsIn(type: string | undefined, body: Buffer): Readonly<Record<string, unknown>> | null {
  if (body.length === 0) return {}
  if (type?.split(';')[0]?.trim() !== 'application/json') return null
  try {
    const params = Params.parse(JSON.parse(body.toString('utf8')))
    return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null))
  } catch {
    return null
  }
}

/** The whole body; null if it is too large or the client left. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  return bytesOf(request, MAX_BODY_BYTES).catch(() => null)
}

/** The method that a path names; empty if there is none. */
function methodIn({ url }: IncomingMessage): string {
  const { pathname } = new URL(url ?? '', 'https://cln')
  return pathname.startsWith(PATH_PREFIX) ? pathname.slice(PATH_PREFIX.length) : ''
}

/** Like clnrest, calls checkrune before every call. Null: the process ended. */
async function answerOf(node: ServedClnNode, request: IncomingMessage): Promise<Answer | null> {
  const malformed = headFault(request)
  if (malformed !== null) return malformed
  const method = methodIn(request)
  if (method === '') return failed(404, { code: codes.unknownCommand, message: 'Path not found' })
  const body = await bodyOf(request)
  const params = body === null ? null : paramsIn(request.headers['content-type'], body)
  if (params === null) return failed(406, { code: codes.invalidParams, message: 'Unable to parse the request body' })
  const rune = request.headers['rune']
  const checked = await node.call({ method: 'checkrune', params: { rune, method, params } })
  if (checked.type === 'refused') return failed(RUNE_CODES.includes(checked.error.code) ? 401 : 500, checked.error)
  if (checked.type !== 'answered') return null
  return shown(await node.call({ method, params }))
}

function shown(outcome: Outcome): Answer | null {
  if (outcome.type === 'answered') return { status: 201, body: outcome.result }
  if (outcome.type !== 'refused') return null
  return failed(outcome.error.code === codes.unknownCommand ? 404 : 500, outcome.error)
}

function send(response: ServerResponse, { status, body }: Answer, fault: WireFault | null): void {
  const text = fault?.type === 'no_json' ? '<html>' : jsonText(body)
  const type = fault?.type === 'wrong_content_type' ? 'text/html' : 'application/json'
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) })
  if (fault?.type !== 'half_body') return void response.end(text)
  response.write(text.slice(0, Math.floor(text.length / 2)), () => response.destroy())
}

async function serve(
  node: ServedClnNode,
  wire: WireFaults,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const fault = wire.take(methodIn(request))
  if (fault?.type === 'reset_before') return void response.destroy()
  if (fault?.type === 'status') {
    if (fault.executes === true) await answerOf(node, request)
    // The client hung up, which does not cancel the call.
    if (response.destroyed) return
    response.writeHead(fault.status, { 'content-type': 'text/html' })
    return void response.end(fault.body ?? '<html>')
  }
  const answer = await answerOf(node, request)
  if (fault?.type === 'held') await wire.hold()
  if (response.destroyed) return
  if (answer === null || fault?.type === 'reset_after') return void response.destroy()
  send(response, answer, fault)
}

/** clnrest over a simulated node: HTTPS, `POST /v1/<method>`, a rune in the header `Rune`. */
export function restServer(node: ServedClnNode, wire: WireFaults, { certificate, key }: ServerCertificate): Server {
  return createServer({ cert: certificate, key }, (request, response) => {
    serve(node, wire, request, response).catch(() => response.destroy())
  })
}
