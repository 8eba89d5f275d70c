import { outpointOf } from '../../core/bitcoin/outpoint.ts'
import { parsed } from '../chain/transaction-index.ts'
import { hexOf } from '../world/keys.ts'
import { fundingOutpoint } from '../ldk/splice-transaction.ts'
import { walletPaths } from '../ldk/wallet.ts'
import type { Own } from './own.ts'
import type { ClnChannel, ClnInflight, ClnMove } from './state.ts'

/** Adds a lock's lines to listchainmoves: the wallet's coins, the old funding's end, the new funding's start. */
export function noteLock(
  { ctx, node }: Own,
  channel: ClnChannel,
  { funding, spliceAmountSats, ours }: ClnInflight,
): void {
  const tx = parsed(funding.hex)
  const base = {
    timestamp: Math.floor(ctx.state.now / 1000),
    height: ctx.chain.transaction(funding.txid)?.block?.height ?? node.height,
    extraTags: [],
    spendingTxid: null,
    peerId: null,
    outputCount: null,
    creditMsat: 0,
    debitMsat: 0,
  }
  const scripts = walletPaths(ctx, node.name).map((path) => hexOf(ctx.keys.payTo(path).script))
  const moves: ClnMove[] = []
  for (const { outpoint } of tx.inputs) {
    const output = ctx.chain.index.output(outpoint)
    if (output === null || !scripts.includes(output.script)) continue
    const debitMsat = output.amountSats * 1000
    const spent = { spendingTxid: funding.txid, debitMsat, outputMsat: debitMsat }
    moves.push({ ...base, account: 'wallet', tag: 'withdrawal', utxo: outpoint, ...spent })
  }
  tx.outputs.forEach(({ script, amountSats }, vout) => {
    if (!scripts.includes(script)) return
    const creditMsat = amountSats * 1000
    const utxo = outpointOf(funding.txid, vout)
    moves.push({ ...base, account: 'wallet', tag: 'deposit', utxo, creditMsat, outputMsat: creditMsat })
  })
  const { channelId: account, ourMsat, peerId } = channel
  const closed = { utxo: fundingOutpoint(channel.funding), spendingTxid: funding.txid, debitMsat: ourMsat }
  moves.push({
    ...base,
    ...closed,
    account,
    tag: 'channel_close',
    extraTags: ['splice'],
    outputMsat: channel.funding.valueSats * 1000,
    outputCount: tx.outputs.length,
  })
  moves.push({
    ...base,
    account,
    tag: 'channel_open',
    extraTags: channel.isOpener ? ['opener'] : [],
    utxo: fundingOutpoint(funding),
    creditMsat: ourMsat + (ours ? spliceAmountSats * 1000 : 0),
    peerId,
    outputMsat: funding.valueSats * 1000,
  })
  node.moves.push(...moves)
}

/** A move as listchainmoves shows it; `index` counts from 1. */
export function moveView(move: ClnMove, index: number): Record<string, unknown> {
  return {
    created_index: index,
    account_id: move.account,
    credit_msat: move.creditMsat,
    debit_msat: move.debitMsat,
    timestamp: move.timestamp,
    primary_tag: move.tag,
    extra_tags: move.extraTags,
    utxo: move.utxo,
    ...(move.spendingTxid === null ? {} : { spending_txid: move.spendingTxid }),
    ...(move.peerId === null ? {} : { peer_id: move.peerId }),
    output_msat: move.outputMsat,
    ...(move.outputCount === null ? {} : { output_count: move.outputCount }),
    blockheight: move.height,
  }
}
