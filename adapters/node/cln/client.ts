import { strict as assert } from 'node:assert'
import type { Clock } from '../../../core/ports/ports.ts'
import type { ClnConfig } from './config.ts'
import { type Permissions, permissionsOf } from './permission.ts'
import { clnRest } from './rest.ts'
import type { ClnRpc } from './rpc.ts'
import { decodeRune } from './rune.ts'
import { clnSocket } from './socket.ts'

/** What the configured rune allows. The local socket allows everything. */
export function clnPermissions({ rune }: ClnConfig): Permissions {
  return permissionsOf(rune === undefined ? null : decodeRune(rune))
}

/** The RPC of a configured node. Does not connect yet. */
export function clnRpcOf({ url, certificate, rune, socketPath }: ClnConfig, clock: Clock): ClnRpc {
  if (socketPath !== undefined) return clnSocket(socketPath, clock)
  const read = rune === undefined ? null : decodeRune(rune)
  assert(url !== undefined && certificate !== undefined && rune !== undefined && read !== null)
  return clnRest({ url, certificate, rune: { text: rune, read } }, clock)
}
