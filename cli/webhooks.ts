import type { WebhookView } from '../functions/api/webhook-view.ts'
import { ask, bodyOf } from './ask.ts'
import { command, idOf, whole } from './command.ts'
import { connect } from './connection.ts'
import { exits, usage } from './exit.ts'
import type { Io } from './io.ts'
import { print } from './print.ts'
import { factsOf, tableOf } from './text.ts'

const id = {
  id: { type: 'positional', required: true, description: 'Id of the webhook, as webhooks list shows it' },
} as const

const list = command('webhooks list', 'Your webhooks, and how far each was told', {}, async (given, io) => {
  const client = connect(given, io)
  const answer = await ask(io, () => client.v1.webhooks.$get())
  print(given, io, await bodyOf(answer), ({ data }) =>
    tableOf(
      ['ID', 'STATUS', 'TOLD', 'FAILS SINCE', 'URL'],
      data.map((hook) => [
        hook.id,
        hook.status,
        hook.deliveredThrough,
        hook.failing?.since ?? null,
        hook.url,
      ]),
    ),
  )
  return exits.done
})

const show = command('webhooks show', 'Read a webhook', id, async (given, io) => {
  const client = connect(given, io)
  const param = { id: idOf('the id', given.id) }
  const answer = await ask(io, () => client.v1.webhooks[':id'].$get({ param }))
  print(given, io, await bodyOf(answer), textOf)
  return exits.done
})

const create = command(
  'webhooks create',
  'Have a server of yours told of your events; the secret is shown once',
  {
    // Not `url`: that is the service's.
    target: { type: 'positional', required: true, description: 'URL that they are sent to: https' },
    description: { type: 'string', description: 'What it is for' },
    after: { type: 'string', description: 'Told what came after this sequence, too; else from now on' },
  },
  async (given, io) => {
    const client = connect(given, io)
    const { target, description, after } = given
    const json = {
      url: target,
      ...(description === undefined ? {} : { description }),
      ...(after === undefined ? {} : { after: whole('--after', after, 0) }),
    }
    const answer = await ask(io, () => client.v1.webhooks.$post({ json }), {
      once: true,
      hint: 'If it was made, nobody has its secret: look with splicekeeper webhooks list, and rotate it',
    })
    print(given, io, await bodyOf(answer), secretOf(io, 'the secret is shown this once'))
    return exits.done
  },
)

const rotate = command('webhooks rotate', 'Give a webhook a new secret', id, async (given, io) => {
  const client = connect(given, io)
  const param = { id: idOf('the id', given.id) }
  const answer = await ask(io, () => client.v1.webhooks[':id'].rotate.$post({ param }), {
    once: true,
    hint: 'If it has a new secret, nobody knows it: rotate it again. What signed before signs for a day',
  })
  const says = 'the secret is shown this once; for a day the old one signs as well'
  print(given, io, await bodyOf(answer), secretOf(io, says))
  return exits.done
})

/** Enables or disables one: all that there is to say is which. */
const turned = (verb: 'enable' | 'disable', about: string) =>
  command(`webhooks ${verb}`, about, id, async (given, io) => {
    const client = connect(given, io)
    const param = { id: idOf('the id', given.id) }
    const answer = await ask(io, () => client.v1.webhooks[':id'][verb].$post({ param }))
    print(given, io, await bodyOf(answer), textOf)
    return exits.done
  })

const disable = turned('disable', 'Tell a webhook nothing more for now')
const enable = turned(
  'enable',
  'Tell a webhook again, from where it was left; one that fails is tried at once',
)

const test = command(
  'webhooks test',
  'Send a webhook a test, now; ends with 4 where it did not arrive',
  id,
  async (given, io) => {
    const client = connect(given, io)
    const param = { id: idOf('the id', given.id) }
    const answer = await ask(io, () => client.v1.webhooks[':id'].test.$post({ param }), { once: true })
    const result = await bodyOf(answer)
    print(given, io, result, ({ delivered, status }) =>
      delivered
        ? `It arrived: HTTP ${status ?? '2xx'}.\n`
        : `It did not arrive: ${faultOf(result.reason, status)}.\n`,
    )
    return result.delivered ? exits.done : exits.failed
  },
)

const redeliver = command(
  'webhooks redeliver',
  'Tell a webhook again what it was told',
  {
    ...id,
    after: { type: 'string', description: 'Everything after this sequence, in order' },
    sequence: { type: 'string', description: 'That one event, tried once' },
  },
  async (given, io) => {
    const client = connect(given, io)
    const param = { id: idOf('the id', given.id) }
    const json = redelivery(given.after, given.sequence)
    const answer = await ask(io, () => client.v1.webhooks[':id'].redeliver.$post({ param, json }))
    print(given, io, await bodyOf(answer), textOf)
    return exits.done
  },
)

function redelivery(after: string | undefined, sequence: string | undefined) {
  if (after !== undefined && sequence === undefined) return { after: whole('--after', after, 0) }
  if (after === undefined && sequence !== undefined) return { sequence: whole('--sequence', sequence) }
  throw usage('redeliver takes --after or --sequence')
}

const remove = command('webhooks delete', 'Remove a webhook and its secrets', id, async (given, io) => {
  const client = connect(given, io)
  const param = { id: idOf('the id', given.id) }
  const answer = await ask(io, () => client.v1.webhooks[':id'].$delete({ param }), {
    once: true,
    hint: 'It may be gone: look with splicekeeper webhooks list',
  })
  print(given, io, await bodyOf(answer), (gone) => `${gone.id} is removed\n`)
  return exits.done
})

/** The secret alone, for a script to keep; whose it is goes where a person reads it. */
function secretOf(io: Io, says: string) {
  return ({ id: hook, secret }: { readonly id: string; readonly secret: string }): string => {
    io.err(`${hook}: ${says}\n`)
    return `${secret}\n`
  }
}

const faults: Readonly<Record<string, string>> = {
  no_answer: 'no answer',
  target_refused: 'webhooks may not go to this address',
}

function faultOf(reason: string | null, status: number | null): string {
  return status === null ? (faults[reason ?? ''] ?? 'why is not known') : `HTTP ${status}`
}

const why = {
  asked: 'you asked for it',
  failing: 'it failed for three days',
  gone: 'it answered 410',
} as const

function textOf({
  id: hook,
  url,
  description,
  deliveredThrough,
  failing,
  disabled,
  createdAt,
}: WebhookView): string {
  return factsOf({
    id: hook,
    url,
    description,
    'told through': deliveredThrough,
    fails:
      failing &&
      `${failing.failures} times since ${failing.since}: ${faultOf(failing.reason, failing.status)}`,
    'tried next': failing?.nextAttemptAt,
    disabled: disabled && `since ${disabled.at}: ${why[disabled.reason]}`,
    created: createdAt,
  })
}

/** Servers that are told of what happens. */
export const webhookCommands = [list, show, create, rotate, disable, enable, test, redeliver, remove]
