/** A lightningd error. `more`: further fields of the error object on the socket, which clnrest omits. */
export type ClnError = {
  readonly code: number
  readonly message: string
  readonly more?: Readonly<Record<string, unknown>>
}

/** The result of a call. `hangs`: it never answers; `died`: the process ended first. */
export type Outcome =
  | { readonly type: 'answered'; readonly result: Readonly<Record<string, unknown>> }
  | { readonly type: 'refused'; readonly error: ClnError }
  | { readonly type: 'hangs' }
  | { readonly type: 'died' }

/** Codes of `common/jsonrpc_errors.h`, from Core Lightning's documentation and observed on a node. */
export const codes = {
  pluginError: -1,
  invalidParams: -32602,
  unknownCommand: -32601,
  cannotAfford: 301,
  dust: 302,
  broadcastFailed: 350,
  disconnected: 351,
  unknownChannel: 352,
  invalidState: 353,
  notSupported: 354,
  busy: 355,
  inputError: 356,
  fundingLow: 357,
  stateError: 358,
  lowFee: 359,
  highFee: 360,
  aborted: 362,
  channelError: 363,
  connectFailed: 400,
  runeNotAuthorized: 1501,
  runeNotPermitted: 1502,
  runeBlacklisted: 1503,
} as const

export function answered(result: Readonly<Record<string, unknown>>): Outcome {
  return { type: 'answered', result }
}

export function refused(code: number, message: string, more?: ClnError['more']): Outcome {
  return { type: 'refused', error: { code, message, ...(more === undefined ? {} : { more }) } }
}
