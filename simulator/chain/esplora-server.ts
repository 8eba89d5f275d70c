import { NO_HINT, type ChainFault, type ChainTransaction } from '../../core/ports/chain.ts'
import { listen, type Listening, type ListenOptions } from '../world/listen.ts'
import { Hono, type Context } from 'hono'
import { satPerKw } from '../../core/bitcoin/money.ts'
import { outpointOf, splitOutpoint } from '../../core/bitcoin/outpoint.ts'
import type { Call, ChainPort } from '../../core/ports/ports.ts'
import type { Result } from '../../core/values/result.ts'
import { type ParsedTransaction, parseTransaction } from '../../core/bitcoin/transaction.ts'

/** The targets, in blocks, for which Esplora has estimates. */
const FEE_TARGETS = [...Array.from({ length: 25 }, (_, n) => n + 1), 144, 504, 1008]
const COINBASE = outpointOf('0'.repeat(64), 0xffffffff)

export type EsploraServerOptions = ListenOptions & {
  readonly chain: ChainPort
}

export type EsploraServer = Listening

/** The chain source did not answer; the request ends with 503. */
class NoAnswer extends Error {}

const callOf = (context: Context): Call => ({ signal: context.req.raw.signal })

function valueOf<T>(answer: Result<T, ChainFault>): T {
  if (!answer.ok) throw new NoAnswer(answer.error.message)
  return answer.value
}

const statusOf = ({ block }: ChainTransaction) =>
  block === null
    ? { confirmed: false }
    : { confirmed: true, block_height: block.height, block_hash: block.hash, block_time: block.time }

const outputOf = ({ script, amountSats }: ParsedTransaction['outputs'][number]) => ({
  scriptpubkey: script,
  value: amountSats,
})

/** A transaction's inputs, with the outputs they spend if the chain source knows them. */
async function inputsOf(chain: ChainPort, parsed: ParsedTransaction, call: Call) {
  return Promise.all(
    parsed.inputs.map(async ({ outpoint, sequence, witness }) => {
      const { txid, vout } = splitOutpoint(outpoint)
      const previous = valueOf(await chain.transaction(txid, call))
      const output = previous === null ? undefined : parseTransaction(previous.hex)?.outputs[vout]
      return {
        txid,
        vout,
        prevout: output === undefined ? null : outputOf(output),
        witness: witness.map((item) => Buffer.from(item).toString('hex')),
        is_coinbase: outpoint === COINBASE,
        sequence,
      }
    }),
  )
}

async function transactionOf(chain: ChainPort, transaction: ChainTransaction, call: Call) {
  const parsed = parseTransaction(transaction.hex)
  if (parsed === null) throw new NoAnswer('the chain source returned an invalid transaction')
  return {
    txid: transaction.txid,
    locktime: parsed.locktime,
    vin: await inputsOf(chain, parsed, call),
    vout: parsed.outputs.map(outputOf),
    size: transaction.hex.length / 2,
    weight: parsed.weight,
    fee: transaction.feeSats ?? 0,
    status: statusOf(transaction),
  }
}

/** Esplora answers `spent: false` for unknown outputs too. */
async function outspendOf(chain: ChainPort, txid: string, vout: number, call: Call) {
  const outpoint = outpointOf(txid, vout)
  const { spender } = valueOf(await chain.spend(outpoint, NO_HINT, call))
  if (spender === null) return { spent: false }
  const inputs = parseTransaction(spender.hex)?.inputs ?? []
  const vin = inputs.findIndex((input) => input.outpoint === outpoint)
  return { spent: true, txid: spender.txid, vin, status: statusOf(spender) }
}

async function feeEstimatesOf(chain: ChainPort, call: Call): Promise<Record<string, number>> {
  const estimates: Record<string, number> = {}
  for (const target of FEE_TARGETS) {
    const feeRateSatPerKw = valueOf(await chain.feeRateSatPerKw(target, call))
    if (feeRateSatPerKw !== null) estimates[target] = feeRateSatPerKw / satPerKw(1)
  }
  return estimates
}

function blockRoutes(app: Hono, chain: ChainPort): void {
  app.get('/blocks/tip/height', async (context) =>
    context.text(String(valueOf(await chain.tip(callOf(context))).height)),
  )
  app.get('/blocks/tip/hash', async (context) => context.text(valueOf(await chain.tip(callOf(context))).hash))
  app.get('/block-height/:height{\\d+}', async (context) => {
    const hash = valueOf(await chain.blockHash(Number(context.req.param('height')), callOf(context)))
    return hash === null ? context.text('Block not found', 404) : context.text(hash)
  })
  app.get('/fee-estimates', async (context) => context.json(await feeEstimatesOf(chain, callOf(context))))
}

function transactionRoutes(app: Hono, chain: ChainPort): void {
  const find = async (context: Context<object, '/tx/:txid'>) =>
    valueOf(await chain.transaction(context.req.param('txid'), callOf(context)))

  app.get('/tx/:txid{[0-9a-f]{64}}', async (context) => {
    const transaction = await find(context)
    if (transaction === null) return context.text('Transaction not found', 404)
    return context.json(await transactionOf(chain, transaction, callOf(context)))
  })
  app.get('/tx/:txid{[0-9a-f]{64}}/hex', async (context) => {
    const transaction = await find(context)
    return transaction === null ? context.text('Transaction not found', 404) : context.text(transaction.hex)
  })
  app.get('/tx/:txid{[0-9a-f]{64}}/status', async (context) => {
    const transaction = await find(context)
    return context.json(transaction === null ? { confirmed: false } : statusOf(transaction))
  })
  app.get('/tx/:txid{[0-9a-f]{64}}/outspend/:vout{\\d+}', async (context) => {
    const { txid, vout } = context.req.param()
    return context.json(await outspendOf(chain, txid, Number(vout), callOf(context)))
  })
  app.post('/tx', async (context) => {
    const hex = (await context.req.text()).trim()
    const parsed = parseTransaction(hex)
    if (parsed === null) return context.text('sendrawtransaction RPC error: TX decode failed', 400)
    const answer = await chain.broadcast(hex, callOf(context))
    return answer.ok
      ? context.text(parsed.txid)
      : context.text(`sendrawtransaction RPC error: ${answer.error.message}`, 400)
  })
}

/** Serves any {@link ChainPort} as an Esplora: the routes that Splicekeeper calls, in Esplora's format. */
export async function startEsploraServer(options: EsploraServerOptions): Promise<EsploraServer> {
  const app = new Hono()
  blockRoutes(app, options.chain)
  transactionRoutes(app, options.chain)
  app.notFound((context) => context.text('Not found', 404))
  app.onError((error, context) =>
    error instanceof NoAnswer ? context.text(error.message, 503) : context.text('Internal error', 500),
  )
  return listen(app.fetch, options)
}
