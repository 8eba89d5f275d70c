import fc from 'fast-check'

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Where in a value something stands. */
export type Path = readonly (string | number)[]

const STRINGS = [
  '',
  ' ',
  '\u0000',
  '__proto__',
  'constructor',
  'toString',
  '../../etc/passwd',
  '%00%2e%2e%2f',
  '%E0%A4%A',
  "'; DROP TABLE splices; --",
  '<script>alert(1)</script>',
  '${jndi:ldap://127.0.0.1/a}',
  '\r\nSet-Cookie: a=b',
  '\u202egnp.exe',
  '\ud800',
  '\u{1f9e8}'.repeat(40),
  'e\u0301',
  'NaN',
  '-1',
  '1e400',
  '0x10',
  '9'.repeat(400),
  'x'.repeat(3_000),
  '1960-01-01T00:00:00Z',
  '0000-01-01T00:00:00+23:59',
  '9999-12-31T23:59:59-23:59',
  '2026-02-30T00:00:00Z',
]

const NUMBERS = [
  0,
  -0,
  -1,
  0.1,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 64,
  -(2 ** 63),
  1e21,
  1e308,
  5e-324,
  2_100_000_000_000_000,
  2_100_000_000_000_001,
]

export const hostileStrings = fc.oneof(
  fc.constantFrom(...STRINGS),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 20 }),
)
export const hostileNumbers = fc.oneof(
  fc.constantFrom(...NUMBERS),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
)

const scalars: fc.Arbitrary<Json> = fc.oneof(hostileStrings, hostileNumbers, fc.boolean(), fc.constant(null))

const smallValues: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    scalars,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(hostileStrings, tie('value')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value

const deep = fc
  .tuple(fc.integer({ min: 50, max: 2_000 }), fc.boolean())
  .map(([depth, list]) => Array.from({ length: depth }).reduce<Json>((inner) => (list ? [inner] : { a: inner }), 0))
const wide = fc
  .tuple(fc.integer({ min: 50, max: 700 }), fc.boolean(), scalars)
  .map(([width, list, value]): Json =>
    list
      ? Array.from({ length: width }, () => value)
      : Object.fromEntries(Array.from({ length: width }, (_, n) => [`k${n}`, value])),
  )

/** Any JSON: of wrong types, deep, wide, with huge numbers, with hostile keys and strings. */
export const hostileJson: fc.Arbitrary<Json> = fc.oneof(
  { weight: 8, arbitrary: smallValues },
  { weight: 1, arbitrary: deep },
  { weight: 1, arbitrary: wide },
)

/** Every place of a value, the value itself included. */
export function placesOf(value: Json, path: Path = []): Path[] {
  if (value === null || typeof value !== 'object') return [path]
  const inner = Object.entries(value).flatMap(([key, each]) =>
    placesOf(each, [...path, Array.isArray(value) ? Number(key) : key]),
  )
  return [path, ...inner]
}

/** What stands at a place. */
export function valueAt(value: Json, [key, ...rest]: Path): Json {
  if (key === undefined || value === null || typeof value !== 'object') return value
  const found = Object.entries(value).find(([each]) => each === String(key))
  return found === undefined ? null : valueAt(found[1], rest)
}

/** The value with one of its places replaced; undefined: left out. */
export function replaced(value: Json, path: Path, by: Json | undefined): Json | undefined {
  const [key, ...rest] = path
  if (key === undefined) return by
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).flatMap(([each, inner]): [string, Json][] => {
    if (each !== String(key)) return [[each, inner]]
    const next = replaced(inner, rest, by)
    return next === undefined ? [] : [[each, next]]
  })
  return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries)
}

/** A value that differs from the given one in one place, and that place. */
export type Mutant = { readonly value: Json; readonly path: Path }

/** Values that differ in one place: something else stands there, nothing does, or something beside it. */
export function mutants(valid: Json): fc.Arbitrary<Mutant> {
  const place = fc.constantFrom(...placesOf(valid))
  const changed = fc.tuple(place, fc.option(hostileJson, { nil: undefined, freq: 6 })).map(([path, by]) => ({
    path,
    value: replaced(valid, path, by) ?? null,
  }))
  const added = fc.tuple(hostileStrings, hostileJson).map(([key, by]) => ({
    path: [key],
    value: Object.fromEntries([...Object.entries(valid ?? {}), [key, by]]),
  }))
  return fc.oneof({ weight: 5, arbitrary: changed }, { weight: 1, arbitrary: added })
}

/** Something done to bytes; `at`: where, from 0 to 1. */
export type Cut = {
  readonly kind: 'cut' | 'flip' | 'insert' | 'drop' | 'double'
  readonly at: number
  readonly bytes: Uint8Array
}

export const cuts: fc.Arbitrary<Cut> = fc.record({
  kind: fc.constantFrom('cut', 'flip', 'insert', 'drop', 'double'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
})

export function cut(valid: Buffer, { kind, at, bytes }: Cut): Buffer {
  const place = Math.min(Math.floor(at * valid.length), Math.max(valid.length - 1, 0))
  const [head, tail] = [valid.subarray(0, place), valid.subarray(place)]
  switch (kind) {
    case 'cut':
      return head
    case 'flip':
      return Buffer.concat([head, Buffer.from([(tail[0] ?? 0) ^ (bytes[0] ?? 1 | 1)]), tail.subarray(1)])
    case 'insert':
      return Buffer.concat([head, bytes, tail])
    case 'drop':
      return Buffer.concat([head, tail.subarray(bytes.length)])
    case 'double':
      return Buffer.concat([head, tail, tail])
  }
}

/** The bytes with one to three things done to them. */
export function mutatedBytes(valid: Buffer): fc.Arbitrary<Buffer> {
  return fc.array(cuts, { minLength: 1, maxLength: 3 }).map((all) => all.reduce(cut, valid))
}

/** The same of a text; what is no UTF-8 any more becomes U+FFFD. */
export function mutatedText(valid: string): fc.Arbitrary<string> {
  return mutatedBytes(Buffer.from(valid)).map((bytes) => bytes.toString('utf8'))
}
