import { defineCommand, parseArgs, renderUsage, type ArgsDef, type ParsedArgs } from 'citty'
import { usage, type Exit } from './exit.ts'
import type { Io } from './io.ts'

/** The type of an argument that may be given several times. */
export const SEVERAL = 'several'

const PROGRAM = 'splicekeeper'

/** A command: how to run, explain and complete it. */
export type Command = {
  readonly name: string
  readonly description: string
  readonly args: ArgsDef
  usage(): Promise<string>
  /** Throws Stop. */
  run(words: readonly string[], io: Io): Promise<Exit>
}

/** Defines a command by its name, such as `keys create`, with its own options and the {@link common} ones. */
export function command<const T extends ArgsDef>(
  name: string,
  description: string,
  args: T,
  run: (args: ParsedArgs<T & typeof common>, io: Io, words: readonly string[]) => Promise<Exit>,
): Command {
  const all = { ...args, ...common }
  const definition = defineCommand({ meta: { name: `${PROGRAM} ${name}`, description }, args: all })
  return {
    name,
    description,
    args: all,
    usage: () => renderUsage(definition),
    run: async (words, io) => run(checked<T & typeof common>(words, all), io, words),
  }
}

/** The options of every command. */
export const common = {
  json: { type: 'boolean', description: 'Print only JSON to standard output' },
  url: { type: 'string', description: 'The service (SPLICEKEEPER_URL, or the one that npm start runs)' },
  'api-key': {
    type: 'string',
    description: 'API key; prefer SPLICEKEEPER_KEY, since others can see a command line',
  },
} as const satisfies ArgsDef

/** Rejects unknown options, which the citty parser ignores: a misspelled limit must not be dropped silently. */
function checked<T extends ArgsDef>(words: readonly string[], args: ArgsDef): ParsedArgs<T> {
  const names = new Set(Object.keys(args))
  const positionals = Object.values(args).filter(({ type }) => type === 'positional').length
  for (let n = 0; n < words.length; n += 1) {
    const word = words[n] ?? ''
    if (!word.startsWith('-')) continue
    const [name = '', ...values] = word.replace(/^--/, '').split('=')
    const type = args[name]?.type
    if (!word.startsWith('--') || !names.has(name) || type === 'positional')
      throw usage(`there is no option ${word.split('=')[0] ?? ''}`)
    if (type === 'boolean' && values.length > 0) throw usage(`--${name} takes no value`)
    if (type === 'boolean') continue
    const value = values.length > 0 ? values.join('=') : words[(n += 1)]
    if (value === undefined || value === '' || value.startsWith('--')) throw usage(`--${name} needs a value`)
  }
  const parsed = parseArgs<T>([...words], args)
  const several = Object.values(args).some(({ valueHint }) => valueHint === SEVERAL)
  if (parsed._.length > positionals && !several)
    throw usage(`too many arguments: ${parsed._.slice(positionals).join(' ')}`)
  return parsed
}

/** All values of an option that may be given several times; the parser keeps only the last. */
export function valuesOf(words: readonly string[], option: string): string[] {
  return words.flatMap((word, n) => {
    if (word === option) return [words[n + 1] ?? '']
    return word.startsWith(`${option}=`) ? [word.slice(option.length + 1)] : []
  })
}

/** Reads an argument as a whole number. */
export function whole(name: string, text: string, min = 1): number {
  const value = Number(text.replaceAll('_', ''))
  if (!/^[\d_]+$/.test(text) || !Number.isSafeInteger(value) || value < min)
    throw usage(`${name} must be a whole number from ${min}`)
  return value
}

/** Reads an argument as a positive number. */
export function positive(name: string, text: string): number {
  const value = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || !(value > 0)) throw usage(`${name} must be a number above 0`)
  return value
}

/** Reads an argument as an id that is safe in a URL path. */
export function idOf(name: string, text: string): string {
  if (!/^[\w:-]{1,128}$/.test(text)) throw usage(`${name} is not a valid id`)
  return text
}
