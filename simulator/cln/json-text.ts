/** 2^64 - 1, which fits no number of JavaScript: {@link jsonText} writes it as the node does. */
export const NO_LIMIT = '18446744073709551615'

/** JSON as lightningd writes it, with amounts that exceed what a number holds. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(`"${NO_LIMIT}"`, NO_LIMIT)
}
