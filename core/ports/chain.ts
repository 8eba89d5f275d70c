/** Why a chain source gave no answer. Never proof of anything. */
export type ChainFault = { readonly class: 'unreachable'; readonly message: string }

/** A transaction as a chain source knows it. */
export type ChainTransaction = {
  readonly txid: string
  readonly hex: string
  /** null: in the mempool */
  readonly block: { readonly height: number; readonly hash: string; readonly time: number } | null
  readonly feeSats: number | null
}

/** What is known of an outpoint. `unknown` own transaction: nothing can be concluded from the absence of a spender. */
export type Spend = {
  readonly own: 'unknown' | 'mempool' | 'confirmed'
  /** What the outpoint holds; null where its transaction is unknown. */
  readonly valueSats: number | null
  readonly spender: ChainTransaction | null
}

/** What is known already of who spends an outpoint: where a source without an index of spenders has to look. */
export type SpendHint = {
  /** Nothing in the chain up to this height spends it; null: not known. */
  readonly unspentThroughHeight: number | null
  /** Who was last seen to spend it, and in which block; a null hash: in one that is not known. */
  readonly spender: { readonly txid: string; readonly blockHash: string | null } | null
}

/** Nothing is known yet. */
export const NO_HINT: SpendHint = { unspentThroughHeight: null, spender: null }
