/** A small deterministic generator (mulberry32): the tests' chance. */
export function chanceFrom(seed: string): { fraction(): number; id(): string } {
  let state = Buffer.from(seed).reduce((hash, byte) => Math.imul(hash ^ byte, 16777619), 2166136261) >>> 0
  let serial = 0
  return {
    fraction() {
      state = (state + 0x6d2b79f5) >>> 0
      let t = Math.imul(state ^ (state >>> 15), 1 | state)
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296
    },
    id: () => `id-${seed}-${(serial += 1)}`,
  }
}
