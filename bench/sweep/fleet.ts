import { createHash } from 'node:crypto'
import { Transaction } from 'bitcoinjs-lib'
import { indexKeysOf, itemKey, spliceKey, type IndexKeys } from '../../adapters/store/keys.ts'
import type { ChainTransaction } from '../../core/ports/chain.ts'
import { paymentIdOf, spliceIdOfPayment } from '../../core/splice/ids.ts'
import type { ChannelSnapshot } from '../../core/ports/node.ts'
import { outpointOf } from '../../core/bitcoin/outpoint.ts'
import type { ChainPort, ConfiguredNode, NodePort } from '../../core/ports/ports.ts'
import { err, ok } from '../../core/values/result.ts'
import type { Splice } from '../../core/splice/splice.ts'
import { History } from './history.ts'
import type { Life } from './life.ts'
import type { TextRow } from './places.ts'

/** Calls of the nodes and of the chain source. */
export type Calls = Record<'look' | 'tip' | 'blockHash' | 'spend' | 'feeRate' | 'other', number>

const BLOCK_SECONDS = 600
/** Those that wait for a confirmation are due after five to ten minutes. */
const DUE_FROM_MS = 300_000
const DUE_SPAN_MS = 300_000
/** Blocks that the finished splices are in. */
const HISTORY_BLOCKS = 1_000

const nothing = { ok: false, error: { class: 'unreachable', message: 'not asked in a bench' } } as const
const noCalls = (): Calls => ({ look: 0, tip: 0, blockHash: 0, spend: 0, feeRate: 0, other: 0 })
const hex32 = (text: string): string => createHash('sha256').update(text).digest('hex')

type Live = {
  readonly splice: Splice
  readonly channel: ChannelSnapshot
  readonly candidate: ChainTransaction
}

/**
 * Nodes with a channel for each live splice, and the chain that they are on: every second splice waits for its first
 * confirmation, the others have one. They answer at once, and count what they are asked.
 */
export class Fleet {
  readonly nodes: ReadonlyMap<string, ConfiguredNode>
  calls: Calls = noCalls()
  now: number
  readonly #life: Life
  readonly #live: readonly Live[]
  readonly #candidates: ReadonlyMap<string, ChainTransaction>
  #height: number

  constructor(life: Life, live: number, nodes: number) {
    this.#life = life
    this.now = life.at
    this.#height = life.height
    const tx = Transaction.fromHex(life.candidate.hex)
    this.#live = Array.from({ length: live }, (_, n) => liveOf(n, nodes, life, tx))
    this.#candidates = new Map(
      this.#live.map(({ splice, candidate }) => [splice.fundingHistory[0] ?? '', candidate] as const),
    )
    const chain = this.#chain()
    this.nodes = new Map(
      Array.from({ length: nodes }, (_, n) => {
        const name = `node-${n}`
        const channels = this.#live.flatMap(({ splice, channel }) => (splice.node === name ? [channel] : []))
        const configured: ConfiguredNode = {
          name,
          port: this.#node(name, channels),
          chain,
          tenants: [life.pending.tenant],
          nodeId: null,
          relayKey: null,
          quietAbsenceMs: null,
        }
        return [name, configured] as const
      }),
    )
  }

  /** A block that confirms nothing new. */
  mine(): void {
    this.#height += 1
  }

  reset(): void {
    this.calls = noCalls()
  }

  /** The rows of the live splices, and of the leases that they hold. */
  *rows(): Generator<{ readonly row: TextRow; readonly index: IndexKeys | null }> {
    for (const { splice } of this.#live) {
      const { version, writeId } = splice
      const row = { ...spliceKey(splice.id), version, writeId, body: JSON.stringify(splice) }
      yield { row, index: indexKeysOf(splice) }
      const lease = { ...this.#life.lease, holder: splice.id }
      const body = JSON.stringify(lease)
      yield { row: { ...itemKey('lease', splice.channelId), version: 1, writeId, body }, index: null }
    }
  }

  /** Settled splices on the same channels, one a second until the first block was mined. */
  history(count: number): History {
    const blocks = Array.from({ length: HISTORY_BLOCKS }, (_, n) => ({
      height: Math.max(1, this.#life.height - HISTORY_BLOCKS + n),
      hash: hex32(`old block ${n}`),
    }))
    return new History(count, (n) => finishedOf(n, count, this.#life, this.#live, blocks))
  }

  #hashAt(height: number): string {
    return this.#life.hashes[height] ?? hex32(`block ${height}`)
  }

  #node(name: string, channels: readonly ChannelSnapshot[]): NodePort {
    return {
      look: async () => {
        this.calls.look += 1
        const tip = { tipHeight: this.#height, tipHash: this.#hashAt(this.#height) }
        return ok({ ...this.#life.look, ...tip, observedAt: this.now, nodeId: nodeIdOf(name), channels })
      },
      submit: () => Promise.reject(new Error('a sweep sends nothing')),
      bump: () => Promise.reject(new Error('a sweep sends nothing')),
      newAddress: async () => nothing,
      connectPeer: async () => nothing,
      contribution: async () => {
        this.calls.other += 1
        return nothing
      },
    }
  }

  #chain(): ChainPort {
    const count = (of: keyof Calls): number => (this.calls[of] += 1)
    return {
      tip: async () => {
        count('tip')
        return ok({ height: this.#height, hash: this.#hashAt(this.#height) })
      },
      blockHash: async (height) => {
        count('blockHash')
        return ok(height > this.#height ? null : this.#hashAt(height))
      },
      spend: async (outpoint) => {
        count('spend')
        const spender = this.#candidates.get(outpoint)
        if (spender === undefined) return err({ class: 'unreachable', message: 'not in this chain' })
        return ok({ own: 'confirmed', valueSats: this.#life.valueSats, spender })
      },
      feeRateSatPerKw: async () => {
        count('feeRate')
        return ok(1_000)
      },
      transaction: async () => {
        count('other')
        return ok(null)
      },
      broadcast: async () => {
        count('other')
        return ok(undefined)
      },
    }
  }
}

function nodeIdOf(name: string): string {
  return `02${hex32(name)}`
}

/** A copy under ids of its own, its candidate a transaction of its own. */
function liveOf(n: number, nodes: number, life: Life, tx: Transaction): Live {
  const isPending = Math.floor(n / nodes) % 2 === 0
  const original = isPending ? life.pending : life.confirmed
  const funding = outpointOf(hex32(`funding ${n}`), 0)
  const [input] = tx.ins
  if (input === undefined) throw new Error('a candidate without an input')
  input.hash = Buffer.from(funding.slice(0, 64), 'hex').reverse()
  const txid = tx.getId()
  const own = {
    channelId: hex32(`channel ${n}`),
    userChannelId: `${n}`,
    peerId: `03${hex32(`peer ${n}`)}`,
  }
  const node = `node-${n % nodes}`
  return {
    channel: { ...life.channel, ...own, funding },
    candidate: { ...life.candidate, txid, hex: tx.toHex(), block: isPending ? null : life.candidate.block },
    splice: {
      ...original,
      ...own,
      ...idsOf(original.tenant, `live-${n}`),
      node,
      nodeId: nodeIdOf(node),
      fundingHistory: [funding],
      submittedOn: funding,
      attempts: original.attempts.map((attempt) => ({ ...attempt, submittedOn: funding })),
      candidates: original.candidates.map((candidate) => ({ ...candidate, txid, spends: funding })),
      dueAt: life.at + DUE_FROM_MS + ((n * 7_919) % DUE_SPAN_MS),
    },
  }
}

function finishedOf(
  n: number,
  count: number,
  { settled, at }: Life,
  live: readonly Live[],
  blocks: readonly { readonly height: number; readonly hash: string }[],
): Splice {
  const { channelId, node, nodeId, peerId } = live[n % live.length]?.splice ?? settled
  const ids = idsOf(settled.tenant, `finished-${n}`)
  const block = blocks[n % blocks.length] ?? null
  // Any txid will do that is its own.
  const txid = ids.paymentId
  return {
    ...settled,
    ...ids,
    channelId,
    node,
    nodeId,
    peerId,
    candidates: settled.candidates.map((candidate) => ({ ...candidate, txid, block })),
    createdAt: at - BLOCK_SECONDS * 1_000 - (count - n) * 1_000,
  }
}

function idsOf(tenant: string, key: string): Pick<Splice, 'id' | 'paymentId'> {
  const paymentId = paymentIdOf(tenant, key)
  return { id: spliceIdOfPayment(paymentId), paymentId }
}
