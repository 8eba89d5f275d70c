/** 2^64 - 1, which a JavaScript number cannot hold. {@link jsonText} writes it unquoted, as the node does. */
export const NO_LIMIT = '18446744073709551615'

/** JSON as lightningd writes it, including amounts that a JavaScript number cannot hold. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(`"${NO_LIMIT}"`, NO_LIMIT)
}
