import { describe, expect, test } from 'vitest'
import { csvRecord } from '../../functions/api/csv.ts'
import { aSplice, aSpliceAtRest } from '../../harness/records/splices.ts'
import { aPaymentId, aSpliceId, aTxid } from '../../harness/values.ts'
import { NOW } from '../../harness/api/values.ts'
import { aWorld, type World } from '../../harness/api/world.ts'
import { request } from '../../harness/api/request.ts'

/** Records of RFC 4180, read as strictly as it is written: throws where a quote stands wrong. */
function parsed(text: string): string[][] {
  const records: string[][] = []
  let rest = text
  let record: string[] = []
  while (rest !== '') {
    const field = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest)
    if (field === null) throw new Error(`not RFC 4180: ${rest.slice(0, 40)}`)
    record.push(field[1]?.replaceAll('""', '"') ?? field[2] ?? '')
    if (field[3] === '\r\n') {
      records.push(record)
      record = []
    }
    rest = rest.slice(field[0].length)
  }
  return records
}

async function exported(world: World, query = '', key = world.keys.reader) {
  const response = await world.app.request(`/v1/payments.csv${query}`, {
    headers: { Authorization: `Bearer ${key}` },
  })
  const text = await response.text()
  const [columns = [], ...records] = parsed(text)
  const rows = records.map((record) => Object.fromEntries(columns.map((name, n) => [name, record[n] ?? ''])))
  return {
    response,
    text,
    columns,
    rows,
    next: /<([^>]+)>/.exec(response.headers.get('Link') ?? '')?.[1] ?? null,
  }
}

describe('a record', () => {
  test('quotes text, doubles quotes, keeps line breaks, and leaves numbers and nothing bare', () => {
    expect(csvRecord(['a,b', 'say "hi"', 'two\r\nlines', 1.5, -3, null, ''])).toBe(
      '"a,b","say ""hi""","two\r\nlines",1.5,-3,,""\r\n',
    )
  })

  test.each([
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    '  =1',
    '\u00a0=1',
    '\u3000@x',
    '\uff1d1',
    '\0=1',
    '\u200b=1',
  ])('gives no spreadsheet a formula: %j', (text) => {
    const [[cell = ''] = []] = parsed(csvRecord([text]))
    expect(cell.startsWith("'")).toBe(true)
  })

  test('holds nothing that is no character', () => {
    expect(csvRecord(['a\0b\u009fc\ud800d'])).toBe('"a\ufffdb\ufffdc\ufffdd"\r\n')
  })
})

describe('the export of payments', () => {
  test('has a line for each splice with what a book-keeper asks for', async () => {
    const world = await aWorld()
    const block = { height: 205, hash: aTxid('9') }
    const spends = `${aTxid('f')}:0`
    const figures = { feeSats: 310, feeRateSatPerKw: 500, seenAt: NOW, seenAtHeight: 204 }
    await world.store.create(
      aSpliceAtRest({
        state: 'settled',
        settledAt: NOW + 1,
        metadata: { order: '42', customer: 'Åse, "A"' },
        candidates: [{ txid: aTxid('7'), spends, ...figures, block }],
      }),
    )
    const { response, rows } = await exported(world, '?labels=order,customer,none')
    expect(response.headers.get('Content-Type')).toBe('text/csv; charset=utf-8; header=present')
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(rows).toMatchObject([
      {
        payment_id: aPaymentId(1),
        splice_id: aSpliceId(1),
        kind: 'splice_out',
        payment_status: 'final',
        amount_sats: '50000',
        fee_sats: '310',
        fee_rate_sat_per_vb: '2',
        txid: aTxid('7'),
        confirmations: '6',
        block_height: '205',
        created_at: new Date(NOW).toISOString(),
        settled_at: new Date(NOW + 1).toISOString(),
        metadata: '{"order":"42","customer":"Åse, \\"A\\""}',
        'metadata.order': '42',
        'metadata.customer': 'Åse, "A"',
        'metadata.none': '',
      },
    ])
  })

  test('stays a table, and computes nothing, whatever the metadata is', async () => {
    const world = await aWorld()
    const hostile = '=HYPERLINK("https://x","y")\r\n"=cmd|\' /C calc\'!A0",\0;\t@'
    await world.store.create(aSplice({ metadata: { [hostile]: hostile, note: hostile } }))
    const { rows, columns, text } = await exported(world, '?labels=note')
    expect(rows).toHaveLength(1)
    expect(Object.keys(rows[0] ?? {})).toEqual(columns)
    expect(rows[0]?.['metadata.note']?.startsWith("'=HYPERLINK")).toBe(true)
    expect(text).not.toContain('\0')
  })

  test('does not take a name of JavaScript for a label', async () => {
    const world = await aWorld()
    await world.store.create(aSplice())
    const { rows } = await exported(world, '?labels=constructor,__proto__,toString')
    expect([rows[0]?.['metadata.constructor'], rows[0]?.['metadata.toString']]).toEqual(['', ''])
  })

  test('shows a tenant its own only', async () => {
    const world = await aWorld()
    await world.store.create(aSplice())
    await world.store.create(aSplice({ id: aSpliceId(1, 'other'), tenant: 'other' }))
    expect((await exported(world, '', world.keys.stranger)).rows.map((row) => row['splice_id'])).toEqual([
      aSpliceId(1, 'other'),
    ])
  })

  test('of very many comes in parts that lead on, without a loss or a repetition', async () => {
    const world = await aWorld()
    const big = { note: '"'.repeat(900) }
    for (let n = 1; n <= 1_203; n += 1)
      await world.store.create(aSplice({ id: aSpliceId(n), createdAt: NOW + n, metadata: big }))
    const ids: string[] = []
    const sizes: number[] = []
    let query: string | null = '?labels=note&after=2026-11-30T00:00:00.003Z'
    while (query !== null) {
      const part: Awaited<ReturnType<typeof exported>> = await exported(world, query)
      ids.push(...part.rows.map((row) => String(row['splice_id'])))
      sizes.push(Buffer.byteLength(part.text))
      expect(part.columns.at(-1)).toBe('metadata.note')
      query = part.next === null ? null : part.next.slice('/v1/payments.csv'.length)
    }
    expect(ids).toEqual(Array.from({ length: 1_200 }, (_, n) => aSpliceId(1_203 - n)))
    expect(sizes.length).toBeGreaterThan(2)
    expect(Math.max(...sizes)).toBeLessThan(4_000_000)
  })

  test.each([
    ['?after=yesterday', 'after'],
    ['?cursor=x', 'cursor'],
    ['?labels=', 'labels.0'],
    [`?labels=${Array.from({ length: 21 }, () => 'a').join(',')}`, 'labels'],
    ['?limit=3', 'limit'],
  ])('refuses %s by name', async (query, field) => {
    const world = await aWorld()
    const answer = await request(world, 'GET', `/v1/payments.csv${query}`, { key: world.keys.reader })
    expect(answer.body).toMatchObject({ code: 'invalid_request', field })
  })

  test('needs a key', async () => {
    const world = await aWorld()
    expect((await request(world, 'GET', '/v1/payments.csv')).body['code']).toBe('unauthorized')
  })
})
