/** How much happens in a long life. */
export type Length = {
  /** Attempts that may have been taken: the budget has ten, an operator's retries allow more. */
  readonly attempts: number
  /** Whether the node answers them; steps of an attempt that nobody heard of again are all kept. */
  readonly answered: boolean
  /** How often another splice moves the channel before the first attempt. */
  readonly moves: number
  /** Transactions of ours that were seen, one after the other. */
  readonly candidates: number
  /** How often an operator has to say which transaction is ours. */
  readonly cases: number
  /** What operators and the node say is made of this letter. */
  readonly letter: string
}

/** What one client, one node and the chain can do to a splice without anybody's help. */
export const LONG: Length = { attempts: 10, answered: true, moves: 3, candidates: 4, cases: 0, letter: 'x' }

/** Everything at the bounds that the rules set, operators' included, in letters of three bytes. */
export const LONGEST: Length = {
  attempts: 17,
  answered: false,
  moves: 49,
  candidates: 20,
  cases: 17,
  letter: '錄',
}
