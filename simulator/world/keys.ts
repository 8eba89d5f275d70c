import { createHash } from 'node:crypto'
import * as ecc from '@bitcoinerlab/secp256k1'
import { address as addresses, initEccLib, networks, payments, script } from 'bitcoinjs-lib'

// bitcoinjs-lib needs it to accept a taproot address for a splice-out.
initEccLib(ecc)

export const NETWORK = networks.regtest

/** The source of everything that looks random in a world: a hash, so that worlds are reproducible. */
export function digest(...parts: readonly (string | number)[]): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(parts.join('/')).digest())
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

/** Core Lightning tells the address of every output in every look, and finding it means trying each kind of script. */
const knownAddresses = new Map<string, string>()

/** The address that a script (in hex) pays. Throws if there is none. */
export function addressOf(scriptHex: string): string {
  const known = knownAddresses.get(scriptHex)
  if (known !== undefined) return known
  const address = addresses.fromOutputScript(bytesOf(scriptHex), NETWORK)
  knownAddresses.set(scriptHex, address)
  return address
}

type WalletOutput = { readonly script: Uint8Array; readonly address: string }
type FundingOutput = {
  readonly script: Uint8Array
  readonly witnessScript: Uint8Array
  readonly paths: readonly string[]
}

/** All keys of a world, derived from its seed and a path such as `alice/wallet/3`. */
export class KeyRing {
  readonly #seed: string
  readonly #pairs = new Map<string, { readonly secret: Uint8Array; readonly publicKey: Uint8Array }>()
  readonly #outputs = new Map<string, WalletOutput>()
  readonly #fundings = new Map<string, FundingOutput>()
  /** Signatures are deterministic (RFC 6979), and the slowest step in a world that is lived through many times. */
  readonly #signatures = new Map<string, Uint8Array>()

  constructor(seed: string) {
    this.#seed = seed
  }

  /** Compressed: 33 bytes. */
  publicKey(path: string): Uint8Array {
    return this.#pair(path).publicKey
  }

  /** A DER signature with SIGHASH_ALL, ready for a witness. */
  sign(path: string, sighash: Uint8Array): Uint8Array {
    const signed = `${path} ${hexOf(sighash)}`
    const known = this.#signatures.get(signed)
    if (known !== undefined) return known
    const signature = script.signature.encode(ecc.sign(sighash, this.#pair(path).secret), 0x01)
    this.#signatures.set(signed, signature)
    return signature
  }

  /** The P2WPKH output of a wallet key. */
  payTo(path: string): WalletOutput {
    const known = this.#outputs.get(path)
    if (known !== undefined) return known
    const payment = payments.p2wpkh({ pubkey: this.publicKey(path), network: NETWORK })
    if (payment.output === undefined || payment.address === undefined) throw new Error('no output of a P2WPKH key')
    const output = { script: payment.output, address: payment.address }
    this.#outputs.set(path, output)
    return output
  }

  /** The 2-of-2 funding output, with keys sorted as BOLT 3 requires; `paths` has the script's order. */
  funding(keyPath: string): FundingOutput {
    const known = this.#fundings.get(keyPath)
    if (known !== undefined) return known
    const paths = [`${keyPath}/us`, `${keyPath}/peer`].sort((a, b) =>
      Buffer.compare(this.publicKey(a), this.publicKey(b)),
    )
    const redeem = payments.p2ms({
      m: 2,
      pubkeys: paths.map((path) => this.publicKey(path)),
      network: NETWORK,
    })
    const output = payments.p2wsh({ redeem, network: NETWORK }).output
    if (redeem.output === undefined || output === undefined) throw new Error('no output of a 2-of-2')
    const funding = { script: output, witnessScript: redeem.output, paths }
    this.#fundings.set(keyPath, funding)
    return funding
  }

  #pair(path: string): { readonly secret: Uint8Array; readonly publicKey: Uint8Array } {
    const known = this.#pairs.get(path)
    if (known !== undefined) return known
    const secret = digest('key', this.#seed, path)
    const publicKey = ecc.pointFromScalar(secret, true)
    if (publicKey === null) throw new Error(`no key can be derived from ${path}`)
    const pair = { secret, publicKey }
    this.#pairs.set(path, pair)
    return pair
  }
}
