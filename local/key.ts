import { parseArgs } from 'node:util'
import { OWN_SCOPES, Scope } from '../core/ports/records.ts'
import { parseKeys, type ConfiguredKey } from '../adapters/keys/configured-keys.ts'
import { createKey } from '../adapters/keys/new-key.ts'
import { LocalError, textOf } from './problem.ts'

const USAGE = `npm run key -- --name NAME --tenant TENANT [--scopes ${Scope.options.join(',')}]`

/** Creates a key and its entry for the secret \`Keys\`. Throws LocalError for a wrong option. */
export function keyFor(args: readonly string[]): { readonly secret: string; readonly entry: ConfiguredKey } {
  const { name, tenant, scopes = OWN_SCOPES.join(',') } = optionsOf(args)
  if (name === undefined || tenant === undefined) throw new LocalError(USAGE)
  const parsed = Scope.array().safeParse(scopes.split(','))
  if (!parsed.success) throw new LocalError(`--scopes: a comma-separated list of ${Scope.options.join(', ')}\n${USAGE}`)
  const { secret, hash } = createKey({ name, tenant, scopes: parsed.data }, 0)
  const entry = { name, tenant, scopes: parsed.data, hash }
  parseKeys([entry], 'the key')
  return { secret, entry }
}

function optionsOf(args: readonly string[]) {
  const option = { type: 'string' } as const
  try {
    return parseArgs({ args: [...args], options: { name: option, tenant: option, scopes: option } }).values
  } catch (error) {
    throw new LocalError(`${textOf(error)}\n${USAGE}`)
  }
}

if (import.meta.main) {
  try {
    const { secret, entry } = keyFor(process.argv.slice(2))
    process.stderr.write(`The key, shown once: ${secret}\nIts entry in the secret Keys, a JSON list:\n`)
    process.stdout.write(`${JSON.stringify(entry)}\n`)
  } catch (error) {
    process.stderr.write(`${textOf(error)}\n`)
    process.exitCode = 1
  }
}
