import fc from 'fast-check'

/** What can stand in a header at all. */
export const headerTexts = fc.oneof(
  fc.constantFrom('', 'Bearer', 'Bearer ', 'bearer x', `Bearer ${'x'.repeat(5_000)}`, 'Basic YTpi', '0', '-1'),
  fc
    .array(fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff })), {
      maxLength: 300,
    })
    .map((codes) => String.fromCharCode(...codes)),
)
const contentTypes = fc.oneof(
  { weight: 6, arbitrary: fc.constant('application/json') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'application/json; charset=utf-16',
      'application/JSON',
      'application/problem+json',
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'multipart/form-data; boundary=x',
      '',
    ),
  },
  { weight: 1, arbitrary: headerTexts },
)
const otherNames = fc.constantFrom('Splicekeeper-Timestamp', 'Splicekeeper-Signature', 'Content-Encoding')
/** The headers of a request but for its credentials. */
export const headers = fc
  .record({
    type: contentTypes,
    idempotency: fc.oneof({ weight: 3, arbitrary: fc.constantFrom('k-1', 'k-2') }, headerTexts, fc.constant(null)),
    others: fc.dictionary(otherNames, headerTexts, { maxKeys: 2 }),
  })
  .map(({ type, idempotency, others }) => ({
    ...others,
    'Content-Type': type,
    ...(idempotency === null ? {} : { 'Idempotency-Key': idempotency }),
  }))
