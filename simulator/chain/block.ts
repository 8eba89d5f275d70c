import { createHash } from 'node:crypto'
import type { Block } from './state.ts'

const VERSION = 0x20000000
/** Regtest's easiest target. No work is done; the nonce only distinguishes branches. */
const BITS = 0x207fffff
const OP_RETURN = 0x6a
const NO_HASH = '0'.repeat(64)
/** More reorgs than any test's chain has. */
const MAX_BRANCHES = 10_000

/** What a header commits to. `branch`: the number of reorgs before the block. */
export type BlockContents = {
  readonly height: number
  readonly time: number
  readonly previous: string
  readonly branch: number
  readonly txids: readonly string[]
}

/** Bitcoin's hash of headers, transactions and Merkle nodes. */
function doubleSha256(bytes: Uint8Array): Buffer {
  const once = createHash('sha256').update(bytes).digest()
  return createHash('sha256').update(once).digest()
}

/** Hashes are displayed in reverse byte order. */
const shown = (hash: Buffer): string => Buffer.from(hash).reverse().toString('hex')
const inner = (hash: string): Buffer => Buffer.from(hash, 'hex').reverse()

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** Stored blocks have no coinbase; this one pays nobody, and its height makes it unique (BIP 34). */
function coinbaseOf(height: number): Buffer {
  const input = Buffer.concat([Buffer.alloc(32), uint32(0xffffffff), Buffer.from([5, 4]), uint32(height)])
  const output = Buffer.concat([Buffer.alloc(8), Buffer.from([1, OP_RETURN])])
  const [one, sequence] = [Buffer.from([1]), uint32(0xffffffff)]
  return Buffer.concat([uint32(2), one, input, sequence, one, output, uint32(0)])
}

function merkleRoot(txids: readonly string[]): Buffer {
  let row = txids.map(inner)
  while (row.length > 1) {
    const above: Buffer[] = []
    for (let n = 0; n < row.length; n += 2) {
      const left = row[n] ?? Buffer.alloc(32)
      above.push(doubleSha256(Buffer.concat([left, row[n + 1] ?? left])))
    }
    row = above
  }
  return row[0] ?? Buffer.alloc(32)
}

/** The txids of a block's transactions, starting with its coinbase. */
export function withCoinbase(height: number, txids: readonly string[]): string[] {
  return [shown(doubleSha256(coinbaseOf(height))), ...txids]
}

function headerOf({ height, time, previous, branch, txids }: BlockContents): Buffer {
  return Buffer.concat([
    uint32(VERSION),
    inner(height === 0 ? NO_HASH : previous),
    merkleRoot(withCoinbase(height, txids)),
    uint32(time),
    uint32(BITS),
    uint32(branch),
  ])
}

/** The hash of a block's header, unique within a world. */
export function blockHash(contents: BlockContents): string {
  return shown(doubleSha256(headerOf(contents)))
}

/**
 * A block's wire format in hex: a real header over real transactions, with the block's hash. The coinbase has
 * no witness commitment. Blocks do not store their branch, so it is searched for like a nonce.
 */
export function serializedBlock(block: Block, previous: string, txids: readonly string[]): string {
  const { height, hash, time, transactions } = block
  for (let branch = 0; branch < MAX_BRANCHES; branch++) {
    const header = headerOf({ height, time, previous, branch, txids })
    if (shown(doubleSha256(header)) !== hash) continue
    const count = transactions.length + 1
    const size = count < 0xfd ? Buffer.from([count]) : Buffer.from([0xfd, count & 0xff, count >> 8])
    return Buffer.concat([header, size, coinbaseOf(height)]).toString('hex') + transactions.join('')
  }
  throw new Error(`no header hashes to ${hash}`)
}
