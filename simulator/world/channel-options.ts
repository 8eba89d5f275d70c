/** A channel to open at the start, deep in the chain. */
export type ChannelOptions = {
  /** Default 10,000,000. */
  readonly valueSats?: number
  /** Our share; default 60 %. */
  readonly oursSats?: number
  /** Depth at which a splice locks; default 6; 0: zero-conf. */
  readonly lockDepth?: number
  /** Whether we opened it: the opener pays commitment fees and wins ties. Default true. */
  readonly isOutbound?: boolean
}
