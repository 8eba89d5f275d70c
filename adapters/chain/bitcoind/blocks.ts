import { createHash } from 'node:crypto'
import { Block } from 'bitcoinjs-lib'
import type { ChainFault } from '../../../core/ports/chain.ts'
import { type Outpoint, outpointOf, splitOutpoint } from '../../../core/bitcoin/outpoint.ts'
import type { Call } from '../../../core/ports/ports.ts'
import { ok, type Result } from '../../../core/values/result.ts'
import * as z from 'zod'
import { BlockTxids, resultIn } from './answers.ts'
import { unreachable } from '../answer.ts'
import type { BitcoindRpc } from './rpc.ts'
import type { BlockLook } from './scan.ts'

const HEADER_BYTES = 80

function doubleSha256(bytes: Uint8Array): Buffer {
  const once = createHash('sha256').update(bytes).digest()
  return createHash('sha256').update(once).digest()
}

/** Hashes are displayed in reverse byte order. */
const displayed = (hash: Uint8Array): string => Buffer.from(hash).reverse().toString('hex')

/** A block's bytes, if their header hashes to the requested hash. */
async function rawBlock(rpc: BitcoindRpc, hash: string, call: Call): Promise<Result<Buffer, ChainFault>> {
  const answer = resultIn('getblock', await rpc('getblock', [hash, 0], call), z.string())
  if (!answer.ok) return answer
  const bytes = Buffer.from(answer.value, 'hex')
  const whole = bytes.length > HEADER_BYTES && bytes.length * 2 === answer.value.length
  return whole && displayed(doubleSha256(bytes.subarray(0, HEADER_BYTES))) === hash
    ? ok(bytes)
    : unreachable('getblock: another block, or none')
}

/** An outpoint as the input that spends it serializes it. */
function serialized(outpoint: Outpoint): Buffer {
  const { txid, vout } = splitOutpoint(outpoint)
  const bytes = Buffer.alloc(36)
  Buffer.from(txid, 'hex').reverse().copy(bytes)
  bytes.writeUInt32LE(vout, 32)
  return bytes
}

function parsedBlock(bytes: Buffer): Block | null {
  try {
    return Block.fromBuffer(bytes)
  } catch {
    return null
  }
}

/** The transaction in a block that spends an outpoint. The block's Merkle root proves that the block contains it. */
function spenderIn(bytes: Buffer, outpoint: Outpoint): Result<string | null, ChainFault> {
  // Parsing a full block takes a quarter of a second and a byte search takes almost nothing, so parse only a
  // block that can hold a spender.
  if (!bytes.includes(serialized(outpoint))) return ok(null)
  const block = parsedBlock(bytes)
  const transactions = block?.transactions ?? []
  if (!block?.merkleRoot || transactions.length === 0) return unreachable('getblock: not a block')
  if (!Buffer.from(Block.calculateMerkleRoot(transactions)).equals(block.merkleRoot))
    return unreachable('getblock: transactions of another block')
  const spender = transactions.find((tx) =>
    tx.ins.some((input) => outpointOf(displayed(input.hash), input.index) === outpoint),
  )
  return ok(spender?.getId() ?? null)
}

/** Looks in a block for the transaction that spends an outpoint. */
export function spenderSearch(
  rpc: BitcoindRpc,
  outpoint: Outpoint,
  call: Call,
): BlockLook<{ txid: string; blockHash: string }> {
  return async ({ hash }) => {
    const bytes = await rawBlock(rpc, hash, call)
    if (!bytes.ok) return bytes
    const spender = spenderIn(bytes.value, outpoint)
    if (!spender.ok) return spender
    return ok({
      found: spender.value === null ? null : { txid: spender.value, blockHash: hash },
      previous: displayed(bytes.value.subarray(4, 36)),
    })
  }
}

/** Looks in a block for a transaction; returns the block's hash. */
export function transactionSearch(rpc: BitcoindRpc, txid: string, call: Call): BlockLook<string> {
  return async ({ hash, height }) => {
    const block = resultIn('getblock', await rpc('getblock', [hash, 1], call), BlockTxids)
    if (!block.ok) return block
    const { tx, previousblockhash } = block.value
    if (block.value.hash !== hash || (previousblockhash === undefined && height > 0))
      return unreachable('getblock: another block')
    return ok({ found: tx.includes(txid) ? hash : null, previous: previousblockhash ?? '' })
  }
}
