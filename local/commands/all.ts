import type { LiveWorld } from '../live-world.ts'
import { LocalError } from '../problem.ts'
import { chainCommands } from './chain.ts'
import { channelCommands } from './channel.ts'
import type { Command } from './command.ts'
import { judgeCommands } from './judge.ts'
import { nodeCommands } from './node.ts'

const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({ ...chainCommands, ...nodeCommands, ...channelCommands, ...judgeCommands }),
)

/** Runs a typed command on the world. Throws LocalError for mistakes that the user can fix. */
export function runCommand([name = '', ...words]: readonly string[], live: LiveWorld): unknown {
  const command = commands.get(name)
  if (command === undefined) throw new LocalError(`there is no command ${name}; see npm run sim -- help`)
  return command.run(words, live)
}

/** The text of `npm run sim -- help`. */
export function helpText(): string {
  const lines = [...commands.values()].map(({ usage, says }) => `  ${usage}\n      ${says}\n`)
  return `npm run sim -- <command>\n\n${lines.join('')}`
}
