import { address as codec, opcodes, script as bitcoinScript } from 'bitcoinjs-lib'
import { err, ok, type Result } from '../values/result.ts'
import type { Network } from './network.ts'

/** The script types of addresses. `witness_unknown` is a witness version that has no rules yet. */
export type ScriptType = 'p2pkh' | 'p2sh' | 'p2wpkh' | 'p2wsh' | 'p2tr' | 'witness_unknown'

/** An address that a splice-out can pay. `script` is hex; `dustLimitSats` is the least amount that nodes relay. */
export type DecodedAddress = {
  /** As the client wrote it, except that segwit addresses are in lower case, which every node accepts. */
  readonly address: string
  readonly script: string
  readonly type: ScriptType
  readonly dustLimitSats: number
}

/** `address_invalid`: not an address of a type that we pay. `address_network`: an address of another network. */
export type AddressFault = { readonly code: 'address_invalid' | 'address_network'; readonly message: string }

/**
 * Dust limits in satoshis (BOLT 3, "Dust Limits"). Spending a smaller output costs more than it is worth at 3 sat/vB.
 */
export const dustLimitSats: Readonly<Record<ScriptType, number>> = {
  p2pkh: 546,
  p2sh: 540,
  p2wpkh: 294,
  p2wsh: 330,
  p2tr: 330,
  witness_unknown: 354,
}

type Prefixes = { readonly bech32: string; readonly pubKeyHash: number; readonly scriptHash: number }

const testPrefixes = { bech32: 'tb', pubKeyHash: 0x6f, scriptHash: 0xc4 }

/** The testnets and signet share all prefixes, and regtest shares their base58 ones, so these cannot be told apart. */
const prefixes: Readonly<Record<Network, Prefixes>> = {
  bitcoin: { bech32: 'bc', pubKeyHash: 0x00, scriptHash: 0x05 },
  testnet: testPrefixes,
  testnet4: testPrefixes,
  signet: testPrefixes,
  regtest: { ...testPrefixes, bech32: 'bcrt' },
}

const everyNetwork = Object.values(prefixes)

const MAX_WITNESS_VERSION = 16
const OP_RESERVED = 0x50

const invalid: AddressFault = { code: 'address_invalid', message: 'this is not a bitcoin address' }

function otherNetwork(network: Network): AddressFault {
  return { code: 'address_network', message: `this address does not belong to the network ${network}` }
}

/**
 * Decodes an address and checks that it belongs to a network. Accepts P2PKH, P2SH, P2WPKH, P2WSH, P2TR and later
 * witness versions (BIP 141, 173, 350). Checks the checksum, length and encoding, and refuses mixed case.
 */
export function decodeAddress(text: string, network: Network): Result<DecodedAddress, AddressFault> {
  return decodeSegwit(text, network) ?? decodeBase58(text, network) ?? err(invalid)
}

/** null: not written in bech32 or bech32m. */
function decodeSegwit(text: string, network: Network): Result<DecodedAddress, AddressFault> | null {
  const decoded = orNull(() => codec.fromBech32(text))
  if (decoded === null) return null
  if (!everyNetwork.some((known) => known.bech32 === decoded.prefix)) return err(invalid)
  const type = witnessType(decoded.version, decoded.data.length)
  if (type === null) return err(invalid)
  if (decoded.prefix !== prefixes[network].bech32) return err(otherNetwork(network))
  // bitcoinjs-lib needs a curve library for taproot scripts; compiling the program by hand needs none.
  const opcode = decoded.version === 0 ? opcodes.OP_0 : OP_RESERVED + decoded.version
  return ok(decodedAs(text.toLowerCase(), type, [opcode, decoded.data]))
}

/**
 * null: a program that the rules of its witness version make unspendable, or that anyone can spend (BIP 141;
 * pay-to-anchor).
 */
function witnessType(version: number, length: number): ScriptType | null {
  if (version === 0) return length === 20 ? 'p2wpkh' : length === 32 ? 'p2wsh' : null
  if (version === 1) return length === 32 ? 'p2tr' : null
  return version <= MAX_WITNESS_VERSION && length >= 2 && length <= 40 ? 'witness_unknown' : null
}

/** null: not written in base58check. */
function decodeBase58(text: string, network: Network): Result<DecodedAddress, AddressFault> | null {
  const decoded = orNull(() => codec.fromBase58Check(text))
  if (decoded === null) return null
  const { OP_DUP, OP_HASH160, OP_EQUALVERIFY, OP_CHECKSIG, OP_EQUAL } = opcodes
  const { version, hash } = decoded
  if (version === prefixes[network].pubKeyHash)
    return ok(decodedAs(text, 'p2pkh', [OP_DUP, OP_HASH160, hash, OP_EQUALVERIFY, OP_CHECKSIG]))
  if (version === prefixes[network].scriptHash) return ok(decodedAs(text, 'p2sh', [OP_HASH160, hash, OP_EQUAL]))
  const known = everyNetwork.some(({ pubKeyHash, scriptHash }) => [pubKeyHash, scriptHash].includes(version))
  return err(known ? otherNetwork(network) : invalid)
}

function decodedAs(
  address: string,
  type: ScriptType,
  chunks: Parameters<typeof bitcoinScript.compile>[0],
): DecodedAddress {
  const script = Buffer.from(bitcoinScript.compile(chunks)).toString('hex')
  return { address, script, type, dustLimitSats: dustLimitSats[type] }
}

/** The decoders throw. Their messages only repeat the address, so they are dropped. */
function orNull<T>(decode: () => T): T | null {
  try {
    return decode()
  } catch {
    return null
  }
}
