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
  readonly spender: ChainTransaction | null
}
