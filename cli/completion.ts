import { command, common, type Command } from './command.ts'
import { exits, usage } from './exit.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

/** The command that prints a shell's completion script. */
export function completionCommand(commands: readonly Command[]): Command {
  return command(
    'completion',
    'Print the completion script for a shell: bash, zsh or fish',
    { shell: { type: 'positional', required: true, description: shells.join(', ') } },
    async ({ shell }, io) => {
      const known = shells.find((each) => each === shell)
      if (known === undefined) throw usage(`completion takes ${shells.join(', ')}`)
      const own = { name: 'completion', args: common }
      io.out(scripts[known]([...commands, own]))
      return exits.done
    },
  )
}

type Completed = Pick<Command, 'name' | 'args'> & { readonly description?: string }

/** The options of a command, each with its possible values. */
function optionsOf({ args }: Completed): string[] {
  return Object.entries(args)
    .filter(([, { type }]) => type !== 'positional')
    .map(([name]) => `--${name}`)
}

/** The distinct first words of commands. */
function wordsOf(commands: readonly Completed[]): string[] {
  return [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))]
}

function secondsOf(commands: readonly Completed[], first: string): string[] {
  return commands.flatMap(({ name }) => (name.startsWith(`${first} `) ? [name.slice(first.length + 1)] : []))
}

function bash(commands: readonly Completed[]): string {
  const cases = [
    ...wordsOf(commands)
      .filter((first) => secondsOf(commands, first).length > 0)
      .map((first) => `    ${first}) words="${secondsOf(commands, first).join(' ')}" ;;`),
    ...commands.map((each) => `    ${each.name.replace(' ', '\\ ')}\\ *) words="${optionsOf(each).join(' ')}" ;;`),
    '    completion) words="bash zsh fish" ;;',
  ]
  return `_splicekeeper() {
  local words="" line="\${COMP_WORDS[*]:1:COMP_CWORD-1}"
  case "$line" in
    "") words="${wordsOf(commands).join(' ')}" ;;
${cases.join('\n')}
${commands.map((each) => `    ${each.name.replace(' ', '\\ ')}) words="${optionsOf(each).join(' ')}" ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _splicekeeper splicekeeper
`
}

function zsh(commands: readonly Completed[]): string {
  return `#compdef splicekeeper
autoload -U +X bashcompinit && bashcompinit
${bash(commands)}`
}

function fish(commands: readonly Completed[]): string {
  const firsts = wordsOf(commands)
  const lines = [
    'complete -c splicekeeper -f',
    `complete -c splicekeeper -n __fish_use_subcommand -a "${firsts.join(' ')}"`,
    'complete -c splicekeeper -n "__fish_seen_subcommand_from completion" -a "bash zsh fish"',
    ...firsts
      .filter((first) => secondsOf(commands, first).length > 0)
      .map(
        (first) =>
          `complete -c splicekeeper -n "__fish_seen_subcommand_from ${first}" -a "${secondsOf(commands, first).join(' ')}"`,
      ),
    ...commands.flatMap((each) =>
      optionsOf(each).map((option) => {
        const [first = '', second] = each.name.split(' ')
        const seen = `__fish_seen_subcommand_from ${first}`
        const when = second === undefined ? seen : `${seen}; and __fish_seen_subcommand_from ${second}`
        return `complete -c splicekeeper -n "${when}" -l ${option.slice(2)}`
      }),
    ),
  ]
  return `${lines.join('\n')}\n`
}

const scripts: Readonly<Record<Shell, (commands: readonly Completed[]) => string>> = { bash, zsh, fish }
