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

/** Runs what was typed on the world. Throws LocalError for what whoever typed it can mend. */
export function runCommand([name = '', ...words]: readonly string[], live: LiveWorld): unknown {
  const command = commands.get(name)
  if (command === undefined) throw new LocalError(`there is no command ${name}; see npm run sim -- help`)
  return command.run(words, live)
}

/** What `npm run sim -- help` prints. */
export function helpText(): string {
  const lines = [...commands.values()].map(({ usage, says }) => `  ${usage}\n      ${says}\n`)
  return `npm run sim -- <command>\n\n${lines.join('')}`
}
