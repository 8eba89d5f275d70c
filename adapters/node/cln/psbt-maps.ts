/**
 * One map of a PSBT: values by key type, for keys without key data. Keys with data say who signs, which we do
 * not check.
 */
export type PsbtMap = ReadonlyMap<number, Buffer>

const MAGIC = Buffer.from('70736274ff', 'hex')
const MAX_CHARACTERS = 4_000_000
const MAX_MAPS = 2_000

/** The maps of a PSBT (BIP 174), the global one first; null when it is not a PSBT. */
export function splitMaps(base64: string): readonly PsbtMap[] | null {
  if (base64.length > MAX_CHARACTERS || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return null
  const bytes = Buffer.from(base64, 'base64')
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null
  const maps: Map<number, Buffer>[] = []
  let at = MAGIC.length
  const take = (): Buffer | null => {
    const size = sizeAt(bytes, at)
    if (size === null || size.next + size.length > bytes.length) return null
    at = size.next + size.length
    return bytes.subarray(size.next, at)
  }
  while (at < bytes.length && maps.length < MAX_MAPS) {
    const map = new Map<number, Buffer>()
    for (;;) {
      const key = take()
      if (key === null) return null
      if (key.length === 0) break
      const value = take()
      const type = key[0] ?? 0
      if (value === null || (key.length === 1 && map.has(type))) return null
      if (key.length === 1) map.set(type, value)
    }
    maps.push(map)
  }
  return at === bytes.length ? maps : null
}

/** Bitcoin's compact size, up to four bytes. */
function sizeAt(bytes: Buffer, at: number): { readonly length: number; readonly next: number } | null {
  const first = bytes[at]
  if (first === undefined || first === 0xff) return null
  const wide = first === 0xfd ? 2 : first === 0xfe ? 4 : 0
  if (wide === 0) return { length: first, next: at + 1 }
  if (at + 1 + wide > bytes.length) return null
  return { length: bytes.readUIntLE(at + 1, wide), next: at + 1 + wide }
}
