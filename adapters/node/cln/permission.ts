import { allows, type Rune } from './rune.ts'

/** The methods that every rune has to allow. */
const READS = ['getinfo', 'listpeerchannels', 'feerates', 'listfunds', 'listchannels'] as const
const NEGOTIATION = ['splice_init', 'splice_update', 'splice_signed'] as const
const SPLICE_OUT = ['addpsbtoutput', ...NEGOTIATION] as const
const SPLICE_IN = ['fundpsbt', 'signpsbt', 'unreserveinputs', ...NEGOTIATION] as const
const OPTIONAL = ['abort_channels', 'newaddr', 'connect'] as const

/** Methods that we never call and that can move money or make more runes: a rune that allows one is too powerful. */
const NEVER_CALLED = [
  'withdraw',
  'txsend',
  'sendpsbt',
  'pay',
  'xpay',
  'sendpay',
  'keysend',
  'close',
  'fundchannel',
  'createrune',
  'invokerune',
  'dev-splice',
  'plugin',
  'stop',
] as const

/** What a rune permits, judged by its restrictions without asking the node. */
export type Permissions = {
  readonly spliceIn: boolean
  /** Only the plugin's `splicein`: first splice-ins, at the node's feerate. */
  readonly pluginSpliceIn: boolean
  readonly spliceOut: boolean
  readonly abort: boolean
  /** Sentences for the operator about missing and excessive permissions. */
  readonly warnings: readonly string[]
}

const EVERYTHING: Permissions = {
  spliceIn: true,
  pluginSpliceIn: true,
  spliceOut: true,
  abort: true,
  warnings: [],
}

/** Null means no rune: the local socket allows everything. */
export function permissionsOf(rune: Rune | null): Permissions {
  if (rune === null) return EVERYTHING
  const missing = (methods: readonly string[]): string[] => methods.filter((each) => !allows(rune, each))
  const can = (methods: readonly string[]): boolean => missing(methods).length === 0
  const spliceIn = can(SPLICE_IN)
  const spliceOut = can(SPLICE_OUT)
  const plugin = can(['splicein'])
  const without = (what: string, methods: readonly string[]): string[] =>
    methods.length === 0 ? [] : [`the rune does not allow ${methods.join(', ')}: ${what}`]
  const excess = NEVER_CALLED.filter((method) => allows(rune, method))
  return {
    spliceIn,
    pluginSpliceIn: plugin,
    spliceOut,
    abort: can(['abort_channels']),
    warnings: [
      ...without('the node cannot be used', missing(READS)),
      ...without('no splice-out', missing(SPLICE_OUT)),
      ...(plugin && !spliceIn ? [] : without('no splice-in', missing(SPLICE_IN))),
      ...without('an operator has to do that by hand', missing(OPTIONAL)),
      ...(excess.length === 0 ? [] : [`the rune is too powerful: nothing here needs ${excess.join(', ')}`]),
    ],
  }
}
