/** A channel that exists, deeply confirmed, when the world starts. */
export type ChannelOptions = {
  /** Default 10,000,000. */
  readonly valueSats?: number
  /** Our balance; default 60 % of the value. */
  readonly oursSats?: number
  /** Confirmations after which a splice locks; default 6, and 0 means zero-conf. */
  readonly lockDepth?: number
  /** Whether we opened the channel. The opener pays the commitment fees and wins ties. Default true. */
  readonly isOutbound?: boolean
}
