/**
 * Why a chain source gave no answer. A fault never proves anything.
 * - `config`: an operator has to correct credentials or address.
 * - `not_ready`: the source says itself that it cannot answer yet.
 * - `unreachable`: anything else.
 */
export type ChainFault = { readonly class: 'config' | 'not_ready' | 'unreachable'; readonly message: string }

/** A transaction as a chain source knows it. */
export type ChainTransaction = {
  readonly txid: string
  readonly hex: string
  /** null: in the mempool. */
  readonly block: { readonly height: number; readonly hash: string; readonly time: number } | null
  readonly feeSats: number | null
}

/** What is known about an outpoint. If its own transaction is `unknown`, a missing spender proves nothing. */
export type Spend = {
  readonly own: 'unknown' | 'mempool' | 'confirmed'
  /** The amount of the output; null if its transaction is unknown. */
  readonly valueSats: number | null
  readonly spender: ChainTransaction | null
}

/**
 * What is already known about the spending of an outpoint. It tells a source without an index of spenders
 * where to search.
 */
export type SpendHint = {
  /** The outpoint is unspent in the chain up to this height; null: not known. */
  readonly unspentThroughHeight: number | null
  /** The spender that was last seen, and its block; the hash is null if the block is not known. */
  readonly spender: { readonly txid: string; readonly blockHash: string | null } | null
}

/** Nothing is known yet. */
export const NO_HINT: SpendHint = { unspentThroughHeight: null, spender: null }
