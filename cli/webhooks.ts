import type { WebhookView } from '../functions/api/webhook-view.ts'
import { ask, bodyOf } from './ask.ts'
import { command, idOf, whole } from './command.ts'
import { connect } from './connection.ts'
import { exits, usage } from './exit.ts'
import type { Io } from './io.ts'
import { print } from './print.ts'
import { factsOf, tableOf } from './text.ts'

const id = {
  id: { type: 'positional', required: true, description: 'Id of the webhook, from webhooks list' },
} as const

const list = command('webhooks list', 'List your webhooks and how far each delivery got', {}, async (given, io) => {
  const client = connect(given, io)
  const answer = await ask(io, () => client.v1.webhooks.$get())
  print(given, io, await bodyOf(answer), ({ data }) =>
    tableOf(
      ['ID', 'STATUS', 'TOLD', 'FAILS SINCE', 'URL'],
      data.map((hook) => [hook.id, hook.status, hook.deliveredThrough, hook.failing?.since ?? null, hook.url]),
    ),
  )
  return exits.done
})

const show = command('webhooks show', 'Show a webhook', id, async (given, io) => {
  const client = connect(given, io)
  const param = { id: idOf('the id', given.id) }
  const answer = await ask(io, () => client.v1.webhooks[':id'].$get({ param }))
  print(given, io, await bodyOf(answer), textOf)
  return exits.done
})

const create = command(
  'webhooks create',
  'Send your events to a server of yours; the secret is shown once',
  {
    // Not named `url`, which is the service's.
    target: { type: 'positional', required: true, description: 'The https URL to send events to' },
    description: { type: 'string', description: 'A description for yourself' },
    after: {
      type: 'string',
      description: 'Also send the events after this sequence (default: only new events)',
    },
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
      hint: 'It may exist although nobody has its secret: check splicekeeper webhooks list, and rotate it',
    })
    print(given, io, await bodyOf(answer), secretOf(io, 'this secret is not shown again'))
    return exits.done
  },
)

const rotate = command('webhooks rotate', 'Give a webhook a new secret', id, async (given, io) => {
  const client = connect(given, io)
  const param = { id: idOf('the id', given.id) }
  const answer = await ask(io, () => client.v1.webhooks[':id'].rotate.$post({ param }), {
    once: true,
    hint: 'It may have a new secret that nobody knows: rotate it again. The old one keeps signing for a day',
  })
  const says = 'this secret is not shown again; the old one also signs for a day'
  print(given, io, await bodyOf(answer), secretOf(io, says))
  return exits.done
})

/** The commands to enable and to disable differ only in the verb. */
const turned = (verb: 'enable' | 'disable', about: string) =>
  command(`webhooks ${verb}`, about, id, async (given, io) => {
    const client = connect(given, io)
    const param = { id: idOf('the id', given.id) }
    const answer = await ask(io, () => client.v1.webhooks[':id'][verb].$post({ param }))
    print(given, io, await bodyOf(answer), textOf)
    return exits.done
  })

const disable = turned('disable', 'Stop sending to a webhook until it is enabled again')
const enable = turned('enable', 'Resume a webhook where it stopped; a failing one is tried at once')

const test = command(
  'webhooks test',
  'Send a test event now; exit code 4 if it did not arrive',
  id,
  async (given, io) => {
    const client = connect(given, io)
    const param = { id: idOf('the id', given.id) }
    const answer = await ask(io, () => client.v1.webhooks[':id'].test.$post({ param }), { once: true })
    const result = await bodyOf(answer)
    print(given, io, result, ({ delivered, status }) =>
      delivered ? `It arrived: HTTP ${status ?? '2xx'}.\n` : `It did not arrive: ${faultOf(result.reason, status)}.\n`,
    )
    return result.delivered ? exits.done : exits.failed
  },
)

const redeliver = command(
  'webhooks redeliver',
  'Send past events to a webhook again',
  {
    ...id,
    after: { type: 'string', description: 'All events after this sequence, in order' },
    sequence: { type: 'string', description: 'Only this event, tried once' },
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

const remove = command('webhooks delete', 'Delete a webhook and its secrets', id, async (given, io) => {
  const client = connect(given, io)
  const param = { id: idOf('the id', given.id) }
  const answer = await ask(io, () => client.v1.webhooks[':id'].$delete({ param }), {
    once: true,
    hint: 'It may be deleted: check splicekeeper webhooks list',
  })
  print(given, io, await bodyOf(answer), (gone) => `${gone.id} is deleted\n`)
  return exits.done
})

/** Prints only the secret to standard output, for scripts; the id goes to standard error. */
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
  return status === null ? (faults[reason ?? ''] ?? 'for an unknown reason') : `HTTP ${status}`
}

const why = {
  asked: 'by your request',
  failing: 'it failed for three days',
  gone: 'it answered 410',
} as const

function textOf({ id: hook, url, description, deliveredThrough, failing, disabled, createdAt }: WebhookView): string {
  return factsOf({
    id: hook,
    url,
    description,
    'delivered through': deliveredThrough,
    fails: failing && `${failing.failures} times since ${failing.since}: ${faultOf(failing.reason, failing.status)}`,
    'next attempt': failing?.nextAttemptAt,
    disabled: disabled && `since ${disabled.at}: ${why[disabled.reason]}`,
    created: createdAt,
  })
}

/** Commands for webhooks. */
export const webhookCommands = [list, show, create, rotate, disable, enable, test, redeliver, remove]
