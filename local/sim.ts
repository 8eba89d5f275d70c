import { send } from './control-client.ts'
import { readEndpoints } from './endpoints.ts'
import { LocalError, textOf } from './problem.ts'
import { settingsOf } from './settings.ts'

/** A result for people: one line of fields per row. */
function readable(result: unknown): string {
  if (Array.isArray(result)) return result.map(readable).join('\n')
  if (typeof result !== 'object' || result === null) return String(result)
  return Object.entries(result)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join('  ')
}

async function run(words: readonly string[]): Promise<string> {
  // The commands import the whole simulator, which a client that only sends one need not load.
  if (words.length === 0 || words[0] === 'help') return (await import('./commands/all.ts')).helpText()
  const { dataDir } = settingsOf(process.env)
  const endpoints = readEndpoints(dataDir)
  if (endpoints === null) throw new LocalError(`nothing is running on ${dataDir}: run npm start first`)
  if (endpoints.sim === null) throw new LocalError('this product runs on real nodes: there is no simulation to control')
  const result = await send(endpoints.sim, words)
  return words[0] === 'journal' ? `${JSON.stringify(result, null, 2)}\n` : `${readable(result)}\n`
}

try {
  process.stdout.write(await run(process.argv.slice(2)))
} catch (error) {
  process.stderr.write(`${textOf(error)}\n`)
  process.exitCode = 1
}
