import { Transaction } from 'bitcoinjs-lib'
import type { ClnFault, ClnOptions, ClnRpc } from '../../adapters/node/cln/rpc.ts'
import { splitOutpoint } from '../../core/bitcoin/outpoint.ts'
import type { JournalStep } from '../../core/ports/ports.ts'
import { err, ok } from '../../core/values/result.ts'

export const CLN_CHANNEL = 'c'.repeat(64)
export const CLN_NODE = `02${'a'.repeat(64)}`
export const CLN_PEER = `03${'b'.repeat(64)}`
export const CLN_ANCHOR = `${'a'.repeat(64)}:0`
export const CLN_FUNDING_SCRIPT = `0020${'77'.repeat(32)}`
export const CLN_CHANGE_SCRIPT = `5120${'66'.repeat(32)}`
export const WALLET_INPUT = { outpoint: `${'d'.repeat(64)}:0`, amountSats: 1_000_000 }
const CAPACITY = 1_000_000
const CHANGE_FEE = 260

type Input = { readonly outpoint: string; readonly amountSats: number }
type Output = { readonly script: string; readonly amountSats: number }
export type Draft = { readonly inputs: readonly Input[]; readonly outputs: readonly Output[] }

const size = (length: number): Buffer => Buffer.from([length])
const entry = (key: number, value: Buffer): Buffer =>
  Buffer.concat([size(1), Buffer.from([key]), size(value.length), value])
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(BigInt(value))
  return bytes
}
const END = Buffer.from([0])

/** A PSBT of version 2 (BIP 370), as `addpsbtoutput` and those after it answer with. */
export function psbtOf({ inputs, outputs }: Draft): string {
  const head = [entry(0x02, u32(2)), entry(0x03, u32(100)), entry(0x04, size(inputs.length))]
  const maps = [Buffer.concat([...head, entry(0x05, size(outputs.length)), END])]
  for (const { outpoint, amountSats } of inputs) {
    const { txid, vout } = splitOutpoint(outpoint)
    const utxo = Buffer.concat([u64(amountSats), size(34), Buffer.from(CLN_FUNDING_SCRIPT, 'hex')])
    const parts = [entry(0x01, utxo), entry(0x0e, Buffer.from(txid, 'hex').reverse()), entry(0x0f, u32(vout))]
    maps.push(Buffer.concat([...parts, END]))
  }
  for (const { script, amountSats } of outputs)
    maps.push(Buffer.concat([entry(0x03, u64(amountSats)), entry(0x04, Buffer.from(script, 'hex')), END]))
  return Buffer.concat([Buffer.from('70736274ff', 'hex'), ...maps]).toString('base64')
}

/** The same as a transaction; its txid is the PSBT's. */
export function transactionOf({ inputs, outputs }: Draft): { readonly hex: string; readonly txid: string } {
  const tx = new Transaction()
  tx.version = 2
  tx.locktime = 100
  for (const { outpoint } of inputs) {
    const { txid, vout } = splitOutpoint(outpoint)
    tx.addInput(Buffer.from(txid, 'hex').reverse(), vout)
  }
  for (const { script, amountSats } of outputs) tx.addOutput(Buffer.from(script, 'hex'), BigInt(amountSats))
  return { hex: tx.toHex(), txid: tx.getId() }
}

type Params = Readonly<Record<string, unknown>>
/** What happens at a call: it fails before the node runs it, or after. */
export type Fault = { readonly executed: boolean; readonly fault: ClnFault }

export const lost = (executed: boolean): Fault => ({ executed, fault: { type: 'lost', message: 'gone' } })
export const error = (code: number, executed = false, message = 'an error'): Fault => ({
  executed,
  fault: { type: 'error', code, message },
})

/**
 * A Core Lightning as a script: the commands of one splice over a channel of a million satoshis. Its own journal, `did`,
 * says what it executed; `secured` and `signed` are what no later call can undo.
 */
export class ScriptedCln implements ClnRpc {
  readonly did: string[] = []
  readonly asked: { readonly method: string; readonly params: Params; readonly options: ClnOptions }[] = []
  readonly steps: JournalStep[] = []
  /** Faults by method and how often it was called before. */
  readonly faults = new Map<string, Fault>()
  channel: Record<string, unknown>
  secured = false
  signed = false
  /** What the node makes of the transaction: changed by tests of what must not be signed. */
  tamper: (draft: Draft, round: number) => Draft = (draft) => draft
  journalFailsAt: number | null = null
  onStep: ((step: JournalStep) => void) | null = null
  rateSatPerKw = 1_000
  height = 200
  #draft: Draft = { inputs: [], outputs: [] }
  #rounds = 0

  constructor(channel: Record<string, unknown> = {}) {
    this.channel = {
      peer_id: CLN_PEER,
      peer_connected: true,
      reestablished: true,
      state: 'CHANNELD_NORMAL',
      channel_id: CLN_CHANNEL,
      short_channel_id: '100x1x1',
      funding_txid: splitOutpoint(CLN_ANCHOR).txid,
      funding_outnum: splitOutpoint(CLN_ANCHOR).vout,
      to_us_msat: 700_000_000,
      total_msat: CAPACITY * 1_000,
      our_reserve_msat: 10_000_000,
      their_reserve_msat: 10_000_000,
      opener: 'remote',
      features: ['option_anchors'],
      htlcs: [],
      ...channel,
    }
  }

  get txid(): string {
    return transactionOf(this.#draft).txid
  }

  readonly journal = async (step: JournalStep): Promise<boolean> => {
    if (this.journalFailsAt === this.steps.length) return false
    this.steps.push(step)
    this.onStep?.(step)
    return true
  }

  async call(method: string, params: Params, options: ClnOptions) {
    const nth = this.asked.filter((call) => call.method === method).length
    this.asked.push({ method, params, options })
    if (options.signal.aborted) return err({ type: 'not_sent' as const, identity: false, message: 'aborted' })
    const fault = this.faults.get(`${method} ${nth}`)
    if (fault !== undefined && !fault.executed) return err(fault.fault)
    this.did.push(method)
    const result = this.#run(method, params)
    return fault === undefined ? ok(result) : err(fault.fault)
  }

  #run(method: string, params: Params): unknown {
    switch (method) {
      case 'listpeerchannels':
        return { channels: [this.channel] }
      case 'getinfo':
        return { id: CLN_NODE, version: 'v26.06.6', blockheight: this.height, network: 'regtest' }
      case 'listfunds':
        return { outputs: [{ amount_msat: 5_000_000_000, status: 'confirmed', reserved: false }] }
      case 'listchannels':
        // Gossip has our side of the channel, and not the peer's.
        return params['source'] === undefined
          ? { channels: [] }
          : { channels: [{ source: CLN_NODE, destination: CLN_PEER, short_channel_id: '100x1x1' }] }
      case 'feerates':
        return { perkw: { splice: this.rateSatPerKw, opening: 253 } }
      case 'addpsbtoutput': {
        const amountSats = Number.parseInt(String(params['satoshi']), 10)
        this.#draft = {
          inputs: [],
          outputs: [{ script: SCRIPTS.get(String(params['destination'])) ?? '', amountSats }],
        }
        return { psbt: psbtOf(this.#draft), estimated_added_weight: 124, outnum: 0 }
      }
      case 'fundpsbt': {
        const change = WALLET_INPUT.amountSats - Number.parseInt(String(params['satoshi']), 10) - CHANGE_FEE * 4
        const outputs = [{ script: CLN_CHANGE_SCRIPT, amountSats: change }]
        this.#draft = { inputs: [WALLET_INPUT], outputs }
        return { psbt: psbtOf(this.#draft), estimated_final_weight: 1_010 }
      }
      case 'splice_init': {
        const funding = {
          script: CLN_FUNDING_SCRIPT,
          amountSats: CAPACITY + Number(params['relative_amount']),
        }
        this.#draft = {
          inputs: [...this.#draft.inputs, { outpoint: CLN_ANCHOR, amountSats: CAPACITY }],
          outputs: [...this.#draft.outputs, funding],
        }
        return { psbt: this.#told() }
      }
      case 'splice_update':
        return this.#update()
      case 'signpsbt':
        return { signed_psbt: this.#told() }
      case 'splice_signed': {
        this.signed = true
        this.channel = { ...this.channel, state: 'CHANNELD_AWAITING_SPLICE' }
        return { tx: transactionOf(this.#draft).hex, txid: this.txid, psbt: '', outnum: 0 }
      }
      case 'splicein':
        this.signed = true
        return { psbt: '', txid: 'e'.repeat(64) }
      case 'abort_channels':
        this.channel = { ...this.channel, inflight: undefined }
        return {}
      default:
        return {}
    }
  }

  /** The first answers with another order of the outputs, the second secures. */
  #update(): unknown {
    this.#rounds += 1
    if (this.#rounds === 1) {
      this.#draft = { ...this.#draft, outputs: this.#draft.outputs.toReversed() }
      return { psbt: this.#told(), commitments_secured: false, signatures_secured: false }
    }
    this.secured = true
    const psbt = this.#told()
    const inflight = [{ funding_txid: this.txid, funding_outnum: 0, feerate: '1000perkw', splice_amount: 0 }]
    this.channel = { ...this.channel, inflight }
    return { psbt, commitments_secured: true, signatures_secured: true }
  }

  #told(): string {
    this.#draft = this.tamper(this.#draft, this.#rounds)
    return psbtOf(this.#draft)
  }
}

/** The address that splice-outs pay, and its script. */
export const CLN_ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
export const CLN_SCRIPT = '0014751e76e8199196d454941c45d1b3a323f1433bd6'
const SCRIPTS = new Map([[CLN_ADDRESS, CLN_SCRIPT]])
