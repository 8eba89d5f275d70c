import type { Outcome } from './answer.ts'
import { commands, run } from './commands.ts'
import { frozenPeer } from './frozen.ts'
import { channelNamed, note } from './own.ts'
import type { Own } from './own.ts'
import type { ClnRequest } from './steering.ts'

/** The calls of a node that have not answered. Who waits for them is no part of the world: its state has the calls alone. */
export class Calls {
  readonly #own: Own
  readonly #open = new Map<string, (outcome: Outcome) => void>()
  readonly #exits = new Set<() => void>()

  constructor(own: Own) {
    this.#own = own
  }

  /** Executes a call now, or has it wait for a frozen peer. */
  async take(request: ClnRequest): Promise<Outcome> {
    const { ctx, node } = this.#own
    if (!node.alive) return { type: 'died' }
    const answer = Promise.withResolvers<Outcome>()
    const id = `call-${ctx.serial()}`
    this.#open.set(id, answer.resolve)
    if (frozenPeer(this.#own, request.method, request.params) === null) this.#execute(id, request)
    else node.waiting.push({ id, ...request })
    return answer.promise
  }

  /** Executes every call that no peer keeps waiting any more; a process that has ended answers nobody. */
  settle(): void {
    const { node } = this.#own
    const due = node.waiting.filter(({ method, params }) => frozenPeer(this.#own, method, params) === null)
    node.waiting = node.waiting.filter((call) => !due.includes(call))
    for (const call of due) if (node.alive) this.#execute(call.id, call)
    if (node.alive) return
    for (const id of [...this.#open.keys()]) this.#answer(id, { type: 'died' })
    for (const listener of this.#exits) listener()
  }

  onExit(listener: () => void): () => void {
    this.#exits.add(listener)
    return () => this.#exits.delete(listener)
  }

  #execute(id: string, { method, params }: ClnRequest): void {
    const outcome = run(this.#own, method, params)
    if (commands.get(method)?.kind !== 'reads') this.#noteExecuted(method, params, outcome)
    if (outcome.type !== 'hangs') this.#answer(id, outcome)
    if (!this.#own.node.alive) this.settle()
  }

  #noteExecuted(method: string, params: ClnRequest['params'], outcome: Outcome): void {
    const channel = channelNamed(this.#own.node, params['channel_id'] ?? params['channel'])
    const code = outcome.type === 'refused' ? outcome.error.code : null
    const subject = channel === undefined ? {} : { channel }
    note(this.#own, 'command_executed', subject, { method, outcome: outcome.type, code })
  }

  #answer(id: string, outcome: Outcome): void {
    this.#open.get(id)?.(outcome)
    this.#open.delete(id)
  }
}
