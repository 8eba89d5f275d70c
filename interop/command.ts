import { LocalError, textOf } from '../local/problem.ts'
import { report } from './report.ts'
import { runAll } from './run.ts'
import { KINDS, settingsOf, usageOf, type Kind } from './settings.ts'

const USAGE = `npm run interop -- <${KINDS.join('|')}> [--json] [--only <part of a name>]…`

type Asked = { readonly kind: Kind; readonly json: boolean; readonly only: readonly string[] }

/** Reads the command line. Throws LocalError with the usage if it is invalid. */
function parsed(words: readonly string[]): Asked {
  const [word, ...options] = words
  const kind = KINDS.find((each) => each === word)
  if (kind === undefined) {
    const each = KINDS.map((one) => [`${one}:`, ...usageOf(one)].join('\n'))
    throw new LocalError([USAGE, '', ...(word === '--help' ? each : [])].join('\n').trimEnd())
  }
  const only: string[] = []
  let json = false
  for (let n = 0; n < options.length; n++) {
    const part = options[n] === '--only' ? options[++n] : null
    if (typeof part === 'string') only.push(part)
    else if (options[n] === '--json') json = true
    else throw new LocalError(USAGE)
  }
  return { kind, json, only }
}

try {
  const { kind, json, only } = parsed(process.argv.slice(2))
  const told = report(json, (line) => process.stdout.write(`${line}\n`))
  const held = await runAll(settingsOf(kind, { ...process.env }), only, told)
  process.exitCode = held ? 0 : 1
} catch (error) {
  process.stderr.write(`${textOf(error)}\n`)
  process.exitCode = 1
}
