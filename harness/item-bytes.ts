/** Of a list or a map itself, and of each of its elements. */
const CONTAINER_BYTES = 3
const ELEMENT_BYTES = 1

/**
 * Bytes of an item as DynamoDB counts them for its limit of 400 KB and for what a read or a write costs: names and values in
 * UTF-8, a number by its significant digits, one byte for a null or a boolean (developer guide, "DynamoDB item sizes and formats").
 * What is undefined is not stored.
 */
export function itemBytes(item: Readonly<Record<string, unknown>>): number {
  return sum(named(item).map(([name, value]) => Buffer.byteLength(name) + valueBytes(value)))
}

function valueBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (typeof value === 'number') return numberBytes(value)
  if (Array.isArray(value)) return CONTAINER_BYTES + sum(value.map((each) => ELEMENT_BYTES + valueBytes(each)))
  if (typeof value === 'object' && value !== null)
    return (
      CONTAINER_BYTES +
      sum(named(value).map(([name, each]) => ELEMENT_BYTES + Buffer.byteLength(name) + valueBytes(each)))
    )
  return 1
}

/** One byte for two significant digits and one more, and one for a sign: zeros at either end are not kept. */
function numberBytes(value: number): number {
  const digits = String(Math.abs(value)).replace('.', '').replace(/^0+/, '').replace(/0+$/, '')
  return Math.ceil(digits.length / 2) + 1 + (value < 0 ? 1 : 0)
}

function named(item: object): [string, unknown][] {
  return Object.entries(item).filter(([, value]) => value !== undefined)
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((all, each) => all + each, 0)
}
