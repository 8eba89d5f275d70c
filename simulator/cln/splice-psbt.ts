import { Transaction } from 'bitcoinjs-lib'
import { fundingOutpoint } from '../ldk/splice-transaction.ts'
import { bytesOf, digest, hexOf } from '../world/keys.ts'
import type { Own } from './own.ts'
import { uint } from './psbt-bytes.ts'
import { transactionOf, type Psbt, type PsbtMap } from './psbt.ts'
import type { ClnChannel } from './state.ts'
import { coinFields } from './wallet.ts'

/** The proprietary key of the serial id that interactive-tx gives to each part. */
const SERIAL_ID = `fc09${Buffer.from('lightning').toString('hex')}01`
const PARTIAL_SIGNATURE = '02'
const SIGHASH_TYPE = '03'
const WITNESS_SCRIPT = '05'
const FINAL_WITNESS = '08'
const SHARED_SEQUENCE = 0

/** The script of the channel's funding output. Core Lightning keeps its keys over splices. */
export function fundingScript({ ctx }: Own, channel: ClnChannel): string {
  return hexOf(ctx.keys.funding(channel.funding.keyPath).script)
}

/** Adds the shared input and the new funding output, and serial ids where they are missing. */
export function withShared(own: Own, channel: ClnChannel, psbt: Psbt, relativeSats: number): Psbt {
  const { witnessScript } = own.ctx.keys.funding(channel.funding.keyPath)
  const outpoint = fundingOutpoint(channel.funding)
  const shared: PsbtMap = coinFields(own, { outpoint }).set(WITNESS_SCRIPT, hexOf(witnessScript))
  const amountSats = channel.funding.valueSats + relativeSats
  return {
    ...psbt,
    inputs: [...psbt.inputs, { outpoint, sequence: SHARED_SEQUENCE, map: shared }],
    outputs: [...psbt.outputs, { script: fundingScript(own, channel), amountSats, map: new Map() }],
  }
}

/** Sorts all parts by serial id, adding missing ids. `session`: the seed of new ids. The initiator's are even. */
export function inSerialOrder(own: Own, session: string, psbt: Psbt): Psbt {
  const numbered = withSerials(own, session, psbt)
  const serial = ({ map }: { readonly map: PsbtMap }): string => map.get(SERIAL_ID) ?? ''
  const sorted = <T extends { readonly map: PsbtMap }>(parts: readonly T[]): T[] =>
    parts.toSorted((a, b) => serial(a).localeCompare(serial(b)))
  return { ...numbered, inputs: sorted(numbered.inputs), outputs: sorted(numbered.outputs) }
}

/** Adds missing serial ids without reordering. */
export function withSerials({ ctx }: Own, session: string, psbt: Psbt): Psbt {
  const serial = (...about: readonly (string | number)[]): string => {
    const bytes = digest('serial', ctx.state.seed, session, ...about).slice(0, 8)
    bytes[7] = (bytes[7] ?? 0) & 0xfe
    return hexOf(bytes)
  }
  const tagged = (map: PsbtMap, fresh: string): PsbtMap =>
    map.has(SERIAL_ID) ? map : new Map([...map, [SERIAL_ID, fresh]])
  return {
    ...psbt,
    inputs: psbt.inputs.map((part) => ({ ...part, map: tagged(part.map, serial('in', part.outpoint)) })),
    outputs: psbt.outputs.map((part, n) => ({
      ...part,
      map: tagged(part.map, serial('out', part.script, part.amountSats, n)),
    })),
  }
}

/** The index of the shared input; -1 if it is missing. */
export function sharedAt(channel: ClnChannel, psbt: Psbt): number {
  return psbt.inputs.findIndex(({ outpoint }) => outpoint === fundingOutpoint(channel.funding))
}

/** Adds both sides' signatures of the shared input, as splice_update does once commitments are secured. */
export function withSharedSignatures({ ctx }: Own, channel: ClnChannel, psbt: Psbt): Psbt {
  const { witnessScript, paths } = ctx.keys.funding(channel.funding.keyPath)
  const at = sharedAt(channel, psbt)
  const sighash = transactionOf(psbt).hashForWitnessV0(
    at,
    witnessScript,
    BigInt(channel.funding.valueSats),
    Transaction.SIGHASH_ALL,
  )
  const signatures = paths.map((path): [string, string] => [
    PARTIAL_SIGNATURE + hexOf(ctx.keys.publicKey(path)),
    hexOf(ctx.keys.sign(path, sighash)),
  ])
  const inputs = psbt.inputs.map((input, n) =>
    n === at ? { ...input, map: new Map([...input.map, ...signatures, [SIGHASH_TYPE, uint(1, 4)] as const]) } : input,
  )
  return { ...psbt, inputs }
}

/** The witness of an input from its signatures; null if one is missing. Other scripts are final already. */
function witnessOf({ map }: { readonly map: PsbtMap }): Uint8Array[] | null {
  const final = map.get(FINAL_WITNESS)
  if (final !== undefined) return stackIn(bytesOf(final))
  const signatures = [...map].filter(([key]) => key.startsWith(PARTIAL_SIGNATURE) && key.length === 68)
  const script = map.get(WITNESS_SCRIPT)
  if (script === undefined) {
    const [[key, signature] = ['', '']] = signatures
    return signature === '' ? null : [bytesOf(signature), bytesOf(key.slice(2))]
  }
  if (signatures.length < 2) return null
  // Signatures follow the order of the keys in the script.
  const inOrder = signatures.toSorted(([a], [b]) => script.indexOf(a.slice(2)) - script.indexOf(b.slice(2)))
  return [new Uint8Array(), ...inOrder.map(([, signature]) => bytesOf(signature)), bytesOf(script)]
}

/** The signed transaction and its finalised PSBT of version 2; null if a signature is missing. */
export function finalised(psbt: Psbt): { readonly tx: Transaction; readonly psbt: Psbt } | null {
  const tx = transactionOf(psbt)
  const inputs: Psbt['inputs'][number][] = []
  for (const [n, input] of psbt.inputs.entries()) {
    const witness = witnessOf(input)
    if (witness === null) return null
    tx.setWitness(n, witness)
    const kept = [...input.map].filter(([key]) => key === '00' || key === '01' || key.startsWith('fc'))
    inputs.push({ ...input, map: new Map([...kept, [FINAL_WITNESS, stackHex(witness)]]) })
  }
  return { tx, psbt: { ...psbt, version: 2, inputs } }
}

function stackHex(witness: readonly Uint8Array[]): string {
  const sized = (bytes: Uint8Array): string => uint(bytes.length, 1) + hexOf(bytes)
  return uint(witness.length, 1) + witness.map(sized).join('')
}

function stackIn(bytes: Uint8Array): Uint8Array[] {
  const stack: Uint8Array[] = []
  for (let at = 1; stack.length < (bytes[0] ?? 0);) {
    const end = at + 1 + (bytes[at] ?? 0)
    stack.push(bytes.slice(at + 1, end))
    at = end
  }
  return stack
}
