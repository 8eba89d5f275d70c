import { bytesOf, hexOf } from '../world/keys.ts'

/** One map of a PSBT (BIP 174); keys and values in hex. */
export type PsbtMap = Map<string, string>

/** Reads the maps after the magic bytes. Throws if they are cut off. */
export function mapsIn(bytes: Uint8Array): PsbtMap[] {
  const maps: PsbtMap[] = []
  let map: PsbtMap = new Map()
  let at = 0
  const take = (length: number): string => {
    if (at + length > bytes.length) throw new Error('cut off')
    at += length
    return hexOf(bytes.subarray(at - length, at))
  }
  const size = (): number => {
    const first = numberIn(take(1))
    return first < 0xfd ? first : numberIn(take(first === 0xfd ? 2 : 4))
  }
  while (at < bytes.length) {
    const length = size()
    if (length === 0) {
      maps.push(map)
      map = new Map()
    } else map.set(take(length), take(size()))
  }
  if (map.size > 0) throw new Error('a map without a terminator')
  return maps
}

/** Serializes a map: sorted keys, then the terminator. */
export function mapHex(map: PsbtMap): string {
  const sized = (hex: string): string => compact(hex.length / 2) + hex
  const entries = [...map].sort(([a], [b]) => (a < b ? -1 : 1))
  return `${entries.map(([key, value]) => sized(key) + sized(value)).join('')}00`
}

/** A little-endian number of `bytes` bytes, in hex. */
export function uint(value: number, bytes: number): string {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64LE(BigInt(value))
  return hexOf(buffer.subarray(0, bytes))
}

export function numberIn(hex: string): number {
  return Number(BigInt(`0x${hexOf(bytesOf(hex).reverse())}`))
}

export function compact(value: number): string {
  if (value < 0xfd) return uint(value, 1)
  return value < 0x10000 ? `fd${uint(value, 2)}` : `fe${uint(value, 4)}`
}

/** The value of a mandatory field; throws if it is missing. */
export function required(map: PsbtMap, key: string): string {
  const value = map.get(key)
  if (value === undefined) throw new Error('a field is missing')
  return value
}

export function without(map: PsbtMap, keys: readonly string[]): PsbtMap {
  return new Map([...map].filter(([key]) => !keys.includes(key)))
}
