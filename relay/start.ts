import { parseArgs } from 'node:util'
import { Misconfigured } from '../adapters/misconfigured.ts'
import { check } from './check.ts'
import { configurationIn } from './configuration.ts'
import { portsOf, relayOf } from './parts.ts'
import { runRelay } from './relay.ts'

const USAGE = `usage: npm run relay [-- --check]
Forwards the events of a Lightning node to Splicekeeper. docs/relay.md explains the configuration.
  --check   connect once, print what is found, report nothing
`

const say = (line: string): void => void process.stderr.write(`${line}\n`)

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { check: { type: 'boolean' }, help: { type: 'boolean' } } })
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  const ports = portsOf(say)
  const relay = relayOf(configurationIn(process.env), ports)
  if (values.check === true) {
    const findings = await check(relay, ports)
    process.stdout.write(findings.map(({ line }) => `${line}\n`).join(''))
    return findings.every(({ fine }) => fine) ? 0 : 1
  }
  const stopped = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort())
  await runRelay(relay, ports, stopped.signal)
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  const isOurs = error instanceof Misconfigured
  say(isOurs || !(error instanceof Error) ? String(isOurs ? error.message : error) : (error.stack ?? error.message))
  process.exitCode = 2
}
