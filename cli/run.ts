import { stripVTControlCharacters } from 'node:util'
import type { Command } from './command.ts'
import { completionCommand } from './completion.ts'
import { eventCommands } from './events.ts'
import { Stop, exits, usage, type Exit } from './exit.ts'
import type { Io } from './io.ts'
import { keyCommands } from './keys.ts'
import { nodeCommands } from './nodes.ts'
import { orderCommands } from './order.ts'
import { spliceCommands } from './splices.ts'
import { printable } from './text.ts'
import { webhookCommands } from './webhooks.ts'

const listed: readonly Command[] = [
  ...orderCommands,
  ...spliceCommands,
  ...nodeCommands,
  ...eventCommands,
  ...webhookCommands,
  ...keyCommands,
]

/** All commands. */
export const commands: readonly Command[] = [...listed, completionCommand(listed)]

/** Runs a command line and returns its exit code. Never throws. */
export async function run(words: readonly string[], io: Io): Promise<Exit> {
  try {
    return await started(words, io)
  } catch (error) {
    const stop = stopOf(error)
    if (words.includes('--json')) io.out(`${JSON.stringify(stop.body)}\n`)
    io.err(`splicekeeper: ${printable(stripVTControlCharacters(stop.message))}\n`)
    return stop.exit
  }
}

async function started(words: readonly string[], io: Io): Promise<Exit> {
  const wantsHelp = words.includes('--help') || words.includes('-h')
  const found = commands.find(({ name }) => name === words.slice(0, name.split(' ').length).join(' '))
  if (found === undefined) {
    const [first] = words
    if (first !== undefined && !wantsHelp && first !== 'help') throw unknown(first)
    io.out(helpText())
    return wantsHelp || first === 'help' ? exits.done : exits.usage
  }
  if (wantsHelp) {
    const text = await found.usage()
    io.out(`${io.isTerminal ? text : stripVTControlCharacters(text)}\n`)
    return exits.done
  }
  return found.run(words.slice(found.name.split(' ').length), io)
}

function unknown(first: string): Stop {
  const seconds = commands.flatMap(({ name }) => (name.startsWith(`${first} `) ? [name.slice(first.length + 1)] : []))
  return usage(
    seconds.length === 0
      ? `there is no command ${first}: splicekeeper help lists all commands`
      : `${first} takes one of ${seconds.join(', ')}`,
  )
}

function stopOf(error: unknown): Stop {
  if (error instanceof Stop) return error
  // citty reports missing and unknown arguments this way.
  if (error instanceof Error && error.name === 'CLIError') return usage(stripVTControlCharacters(error.message))
  const message = 'The command itself failed'
  return new Stop(exits.unreachable, error instanceof Error ? `${message}: ${error.name}` : message, {
    code: 'internal',
  })
}

function helpText(): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const lines = commands.map(({ name, description }) => `  ${name.padEnd(width)}  ${description}\n`)
  return `Usage: splicekeeper COMMAND [OPTIONS]. For the options of a command: splicekeeper COMMAND --help

${lines.join('')}
Exit codes: 0 done, 1 refused, 2 wrong command line, 3 no answer (repeat it with the same --key), 4 the splice
failed or was cancelled, 5 the splice needs attention.
`
}
