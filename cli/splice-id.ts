import type { Client } from '../client/index.ts'
import { ask, bodyOf } from './ask.ts'
import { idOf } from './command.ts'
import { Stop, exits } from './exit.ts'
import type { Io } from './io.ts'

/** The beginning of an id, as `watch` prints it: eight digits are unlikely to be shared, fewer are not taken. */
const BEGINNING = /^(spl_[0-9a-f]{8,23})…?$/
const PAGE = '100'
/** So many pages are searched: the newest thousand splices. */
const PAGES = 10

/** The whole id of a splice that is given by its id or, among the newest thousand, by its beginning. */
export async function spliceIdOf(client: Client, io: Io, given: string): Promise<string> {
  const [, beginning] = BEGINNING.exec(given) ?? []
  if (beginning === undefined) return idOf('the id', given)
  const ids = (await newestIds(client, io)).filter((id) => id.startsWith(beginning))
  const [only, ...others] = ids
  if (only === undefined)
    throw refusal('splice_not_found', `None of the newest splices begins with ${beginning}: give its whole id`)
  if (others.length > 0)
    throw refusal('splice_ambiguous', `Several splices begin with ${beginning}: ${ids.join(', ')}. Give more of the id`)
  return only
}

async function newestIds(client: Client, io: Io): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | null = null
  for (let pages = 0; pages < PAGES && (pages === 0 || cursor !== null); pages += 1) {
    const query = { limit: PAGE, ...(cursor === null ? {} : { cursor }) }
    const answer = await ask(io, () => client.v1.splices.$get({ query }))
    const body: { data: { id: string }[]; cursor: string | null } = await bodyOf(answer)
    ids.push(...body.data.map(({ id }) => id))
    cursor = body.cursor
  }
  return ids
}

function refusal(code: string, title: string): Stop {
  return new Stop(exits.refused, `${title} [${code}]`, { code, title })
}
