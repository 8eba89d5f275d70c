import { Scope } from '../core/ports/records.ts'
import { ask, bodyOf } from './ask.ts'
import { command, idOf, whole } from './command.ts'
import { connect } from './connection.ts'
import { exits, usage } from './exit.ts'
import { print } from './print.ts'
import { tableOf } from './text.ts'

const create = command(
  'keys create',
  'Make an API key of your tenant; its secret is shown once',
  {
    name: { type: 'positional', required: true, description: 'What it is called' },
    scopes: { type: 'string', description: `Some of ${Scope.options.join(',')} (splices:read)` },
  },
  async (given, io) => {
    const client = connect(given, io, 'operator')
    const scopes = Scope.array().safeParse((given.scopes ?? 'splices:read').split(','))
    if (!scopes.success) throw usage(`--scopes takes some of ${Scope.options.join(',')}`)
    const json = { name: given.name, scopes: scopes.data }
    const answer = await ask(io, () => client.v1.keys.$post({ json }), {
      once: true,
      hint: 'If it was made, nobody has its secret: look with splicekeeper keys list, revoke it and make another',
    })
    print(given, io, await bodyOf(answer), ({ secret, id }) => {
      io.err(`${id}: the secret is shown this once\n`)
      return `${secret}\n`
    })
    return exits.done
  },
)

const list = command('keys list', 'The API keys of your tenant', {}, async (given, io) => {
  const client = connect(given, io, 'operator')
  const answer = await ask(io, () => client.v1.keys.$get())
  print(given, io, await bodyOf(answer), ({ data }) =>
    tableOf(
      ['ID', 'NAME', 'SCOPES', 'LAST USED', 'REVOKED'],
      data.map(({ id, name, scopes, lastUsedAt, revokedAt }) => [
        id,
        name,
        scopes.join(','),
        lastUsedAt,
        revokedAt,
      ]),
    ),
  )
  return exits.done
})

const revoke = command(
  'keys revoke',
  'Revoke an API key, for good',
  { id: { type: 'positional', required: true, description: 'Id of the key, as keys list shows it' } },
  async (given, io) => {
    const client = connect(given, io, 'operator')
    const param = { id: idOf('the id', given.id) }
    const answer = await ask(io, () => client.v1.keys[':id'].revoke.$post({ param }))
    print(
      given,
      io,
      await bodyOf(answer),
      ({ id, revokedAt }) => `${id} is revoked since ${revokedAt ?? 'now'}\n`,
    )
    return exits.done
  },
)

const audit = command(
  'audit',
  'What was done with the operator scope, oldest first',
  { after: { type: 'string', description: 'Only entries after this number (0)' } },
  async (given, io) => {
    const client = connect(given, io, 'operator')
    const query = { after: String(whole('--after', given.after ?? '0', 0)), limit: '1000' }
    const answer = await ask(io, () => client.v1.audit.$get({ query }))
    print(given, io, await bodyOf(answer), ({ data }) =>
      tableOf(
        ['NUMBER', 'AT', 'KEY', 'ACTION', 'ABOUT'],
        data.map(({ sequence, at, key, action, about }) => [
          sequence,
          at,
          key.name,
          action,
          JSON.stringify(about),
        ]),
      ),
    )
    return exits.done
  },
)

/** Who may come in, and what they did. */
export const keyCommands = [create, list, revoke, audit]
