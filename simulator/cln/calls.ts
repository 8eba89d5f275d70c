import type { Outcome } from './answer.ts'
import { commands, run } from './commands.ts'
import { frozenPeer } from './frozen.ts'
import { channelNamed, note, type Own } from './own.ts'
import type { ClnRequest } from './steering.ts'

type Answer = (outcome: Outcome) => void

/** A node's unanswered calls. The world's state holds the calls; the waiting clients are only here. */
export class Calls {
  readonly #own: Own
  /** The clients that wait for a frozen peer, by call id. */
  readonly #waiting = new Map<string, Answer>()
  readonly #hung = new Set<Answer>()
  readonly #exits = new Set<() => void>()

  constructor(own: Own) {
    this.#own = own
  }

  /** Executes a call now, or once the frozen peer resumes. */
  async take(request: ClnRequest): Promise<Outcome> {
    const { ctx, node } = this.#own
    if (!node.alive) return { type: 'died' }
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    if (frozenPeer(this.#own, request.method, request.params) === null) this.#execute(request, resolve)
    else {
      const id = `call-${ctx.serial()}`
      this.#waiting.set(id, resolve)
      node.waiting.push({ id, ...request })
    }
    return promise
  }

  /** Executes every call whose peer resumed. If the process has ended, its clients are told that it died. */
  settle(): void {
    const { node } = this.#own
    const due = node.waiting.filter(({ method, params }) => frozenPeer(this.#own, method, params) === null)
    node.waiting = node.waiting.filter((call) => !due.includes(call))
    for (const call of due) if (node.alive) this.#execute(call, this.#answerOf(call.id))
    if (node.alive) return
    for (const answer of [...this.#waiting.values(), ...this.#hung]) answer({ type: 'died' })
    this.#waiting.clear()
    this.#hung.clear()
    for (const listener of this.#exits) listener()
  }

  onExit(listener: () => void): () => void {
    this.#exits.add(listener)
    return () => this.#exits.delete(listener)
  }

  #execute({ method, params }: ClnRequest, answer: Answer): void {
    const outcome = run(this.#own, method, params)
    if (commands.get(method)?.kind !== 'reads') this.#noteExecuted(method, params, outcome)
    if (outcome.type === 'hangs') this.#hung.add(answer)
    else answer(outcome)
    if (!this.#own.node.alive) this.settle()
  }

  #noteExecuted(method: string, params: ClnRequest['params'], outcome: Outcome): void {
    const channel = channelNamed(this.#own.node, params['channel_id'] ?? params['channel'])
    const code = outcome.type === 'refused' ? outcome.error.code : null
    const subject = channel === undefined ? {} : { channel }
    note(this.#own, 'command_executed', subject, { method, outcome: outcome.type, code })
  }

  /** The client that waits for a call; nobody if the call was restored with the world. */
  #answerOf(id: string): Answer {
    const answer = this.#waiting.get(id) ?? (() => undefined)
    this.#waiting.delete(id)
    return answer
  }
}
