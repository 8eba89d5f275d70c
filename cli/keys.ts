import { Scope } from '../core/ports/records.ts'
import { ask, bodyOf } from './ask.ts'
import { command, idOf, whole } from './command.ts'
import { connect } from './connection.ts'
import { exits, usage } from './exit.ts'
import { print } from './print.ts'
import { tableOf } from './text.ts'

const create = command(
  'keys create',
  'Create an API key for your tenant; its secret is shown once',
  {
    name: { type: 'positional', required: true, description: 'Name of the key' },
    scopes: {
      type: 'string',
      description: `Comma-separated: ${Scope.options.join(',')} (default splices:read)`,
    },
  },
  async (given, io) => {
    const client = connect(given, io, 'operator')
    const scopes = Scope.array().safeParse((given.scopes ?? 'splices:read').split(','))
    if (!scopes.success) throw usage(`--scopes takes a comma-separated list of ${Scope.options.join(',')}`)
    const json = { name: given.name, scopes: scopes.data }
    const answer = await ask(io, () => client.v1.keys.$post({ json }), {
      once: true,
      hint: 'It may exist although nobody has its secret: check splicekeeper keys list, revoke it and create another',
    })
    print(given, io, await bodyOf(answer), ({ secret, id }) => {
      io.err(`${id}: this secret is not shown again\n`)
      return `${secret}\n`
    })
    return exits.done
  },
)

const list = command('keys list', 'List the API keys of your tenant', {}, async (given, io) => {
  const client = connect(given, io, 'operator')
  const answer = await ask(io, () => client.v1.keys.$get())
  print(given, io, await bodyOf(answer), ({ data }) =>
    tableOf(
      ['ID', 'NAME', 'SCOPES', 'LAST USED', 'REVOKED'],
      data.map(({ id, name, scopes, lastUsedAt, revokedAt }) => [id, name, scopes.join(','), lastUsedAt, revokedAt]),
    ),
  )
  return exits.done
})

const revoke = command(
  'keys revoke',
  'Revoke an API key permanently',
  { id: { type: 'positional', required: true, description: 'Id of the key, from keys list' } },
  async (given, io) => {
    const client = connect(given, io, 'operator')
    const param = { id: idOf('the id', given.id) }
    const answer = await ask(io, () => client.v1.keys[':id'].revoke.$post({ param }))
    print(
      given,
      io,
      await bodyOf(answer),
      ({ id, revokedAt }) => `${id} was revoked at ${revokedAt ?? 'this moment'}\n`,
    )
    return exits.done
  },
)

const audit = command(
  'audit',
  'List what was done with the operator scope, oldest first',
  { after: { type: 'string', description: 'Only entries after this number (default 0)' } },
  async (given, io) => {
    const client = connect(given, io, 'operator')
    const query = { after: String(whole('--after', given.after ?? '0', 0)), limit: '1000' }
    const answer = await ask(io, () => client.v1.audit.$get({ query }))
    print(given, io, await bodyOf(answer), ({ data }) =>
      tableOf(
        ['NUMBER', 'AT', 'KEY', 'ACTION', 'ABOUT'],
        data.map(({ sequence, at, key, action, about }) => [sequence, at, key.name, action, JSON.stringify(about)]),
      ),
    )
    return exits.done
  },
)

/** Commands for API keys and the audit log. */
export const keyCommands = [create, list, revoke, audit]
