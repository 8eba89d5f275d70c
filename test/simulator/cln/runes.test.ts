import { describe, expect, test } from 'vitest'
import { authCodeOf, decodeRune, encodeRune } from '../../../simulator/cln/rune.ts'
import { clnOf, START } from './cln-wire.ts'
import { restricted } from './rune-holder.ts'

const NOW_SECONDS = START / 1000

/** Published examples of runes, all of a secret of 16 zero bytes. */
const PUBLISHED = [
  [[], 'N0cI__dxndWXnsh11WzSKG9tPPfsMXo7JWMqqyjsN7s='],
  [['=1'], 'YDVzGiy7Aiy-tnZFqg-KJmU9jMRU4OCH1NGdKCuNpL09MQ=='],
  [['f1!'], 'ZKkmtxhdfPmOEKB9_E6D0qgmiW69sRKslkVm-i1QtGRmMSE='],
  [['f1=1|f2=3', 'f3~v1'], 'Ht9AaOKwseTgdeZnUcLT9cn8RRXRFPh15txuPmcE76lmMT0xfGYyPTMmZjN-djE='],
] as const

describe('the code of a rune', () => {
  test.each(PUBLISHED)('with restrictions %j is as published', (texts, rune) => {
    expect(encodeRune(authCodeOf(new Uint8Array(16), texts), texts)).toBe(rune)
    expect(decodeRune(rune)?.texts).toEqual(texts)
  })

  test('follows from that of a shorter rune without the secret', () => {
    const [, , , [texts, rune]] = PUBLISHED
    const [first] = texts
    const shorter = encodeRune(authCodeOf(new Uint8Array(16), [first]), [first])
    expect(restricted(shorter, 'f3~v1')).toBe(rune)
  })

  test('takes a long restriction over several blocks', () => {
    const long = `pnamechannel=${'ab'.repeat(100)}`
    const short = encodeRune(authCodeOf(new Uint8Array(32), ['=1']), ['=1'])
    const texts = ['=1', long, 'time<5']
    expect(restricted(restricted(short, long), 'time<5')).toBe(encodeRune(authCodeOf(new Uint8Array(32), texts), texts))
  })

  test.each(['!1', '=1|a=1', 'a=1&=2', 'f1"11', 'f1', 'a_b=1'])('%s is no restriction of a rune', (text) => {
    expect(decodeRune(encodeRune(new Uint8Array(32), text.split('&')))).toBeNull()
  })
})

describe('a rune that its holder restricted', () => {
  const REFUSED = { status: 401, body: { code: 1502, data: null } }

  test('lets in what it names, and answers 1502 to the rest', async () => {
    const cln = await clnOf()
    const rune = restricted(cln.server.rune, 'method=getinfo', 'method=feerates')
    expect((await cln.post('getinfo', {}, rune)).status).toBe(201)
    expect((await cln.post('feerates', { style: 'perkw' }, rune)).status).toBe(201)
    const { status, body } = await cln.post('listfunds', {}, rune)
    expect({ status, body }).toMatchObject(REFUSED)
    expect(body['message']).toBe('Not permitted: method is not equal to getinfo AND method is not equal to feerates')
  })

  test('ends with its time, by the clock of the world', async () => {
    const cln = await clnOf()
    const rune = restricted(cln.server.rune, `time<${NOW_SECONDS + 60}`)
    cln.world.advance(59_999)
    expect((await cln.post('getinfo', {}, rune)).status).toBe(201)
    cln.world.advance(1)
    expect(await cln.post('getinfo', {}, rune)).toMatchObject(REFUSED)
  })

  test('binds a parameter by its name without punctuation', async () => {
    const cln = await clnOf()
    const rune = restricted(cln.server.rune, 'pnameaddresstype=bech32')
    expect((await cln.post('newaddr', { addresstype: 'bech32' }, rune)).status).toBe(201)
    expect(await cln.post('newaddr', { addresstype: 'all' }, rune)).toMatchObject(REFUSED)
    expect(await cln.post('newaddr', {}, rune)).toMatchObject(REFUSED)
    const forced = restricted(cln.server.rune, 'pnameforcefeerate!')
    const splice = { channel_id: cln.channelId, relative_amount: 1 }
    expect(await cln.post('splice_init', { ...splice, force_feerate: true }, forced)).toMatchObject(REFUSED)
    expect((await cln.post('splice_init', splice, forced)).status).toBe(201)
  })

  test.each([
    ['pnum=1', { addresstype: 'bech32' }, 201],
    ['pnum=0', { addresstype: 'bech32' }, 401],
    ['pnamechannelid^00', {}, 401],
    ['pnameaddresstype^bech', { addresstype: 'bech32' }, 201],
    ['pnameaddresstype$h32', { addresstype: 'bech32' }, 201],
    ['pnameaddresstype~ech', { addresstype: 'bech32' }, 201],
    ['pnameaddresstype/bech32', { addresstype: 'bech32' }, 401],
    ['pnameaddresstype{bech4', { addresstype: 'bech32' }, 201],
    ['pnameaddresstype}bech4', { addresstype: 'bech32' }, 401],
    ['pnameaddresstype<9', { addresstype: 'bech32' }, 401],
    ['time>0', {}, 201],
    ['time>x', {}, 401],
    ['a comment#', {}, 201],
  ])('with %s and the parameters %j answers %i', async (restriction, params, status) => {
    const cln = await clnOf()
    const rune = restricted(cln.server.rune, restriction)
    expect((await cln.post('newaddr', params, rune)).status).toBe(status)
  })

  test('needs every restriction, and cannot lose one', async () => {
    const cln = await clnOf()
    const rune = restricted(restricted(cln.server.rune, 'method=getinfo'), `time<${NOW_SECONDS}`)
    expect(await cln.post('getinfo', {}, rune)).toMatchObject(REFUSED)
    const bytes = Buffer.from(rune, 'base64url')
    const loosened = Buffer.concat([bytes.subarray(0, 32), Buffer.from('=0&method=getinfo')]).toString('base64url')
    expect(await cln.post('getinfo', {}, loosened)).toMatchObject({ status: 401, body: { code: 1501 } })
  })
})

describe('a rune that is not let in', () => {
  test('because another node made it: 1501', async () => {
    const cln = await clnOf()
    const texts = ['=0']
    const foreign = encodeRune(authCodeOf(new Uint8Array(32), texts), texts)
    expect(await cln.post('getinfo', {}, foreign)).toEqual({
      status: 401,
      body: { code: 1501, message: 'Not authorized: Not derived from master', data: null },
    })
  })

  test('because it is blacklisted, with all that were made from it: 1503', async () => {
    const cln = await clnOf()
    cln.node.blacklistRune('0')
    const refused = { status: 401, body: { code: 1503 } }
    expect(await cln.post('getinfo')).toMatchObject(refused)
    expect(await cln.post('getinfo', {}, restricted(cln.server.rune, 'method=getinfo'))).toMatchObject(refused)
    expect((await cln.post('getinfo', {}, cln.node.createRune())).status).toBe(201)
  })

  test('because it is no base64, as a node was seen to answer', async () => {
    const cln = await clnOf()
    expect(await cln.post('getinfo', {}, 'AAAA')).toEqual({
      status: 401,
      body: { code: -32602, message: `rune: should be base64 string: invalid token '"AAAA"'`, data: null },
    })
  })
})

describe('checkrune and showrunes', () => {
  test('checkrune tells of a rune without using it on a command', async () => {
    const cln = await clnOf()
    const rune = restricted(cln.server.rune, 'method=getinfo')
    expect(await cln.get('checkrune', { rune, method: 'getinfo' })).toEqual({ valid: true })
    expect((await cln.fail('checkrune', { rune, method: 'stop' })).code).toBe(1502)
    expect((await cln.fail('checkrune', { rune })).message).toBe('Not permitted: method not present')
  })

  test('showrunes lists what the node made, and reads what anybody made', async () => {
    const cln = await clnOf()
    const { rune } = cln.server
    const shown = { rune, unique_id: '0', restrictions: [], restrictions_as_english: '' }
    expect(await cln.get('showrunes')).toEqual({ runes: [shown] })
    const own = restricted(rune, 'method=getinfo', 'time<5')
    const english = ['method equal to getinfo', 'time < 5']
    expect(await cln.get('showrunes', { rune: own })).toEqual({
      runes: [
        {
          rune: own,
          stored: false,
          unique_id: '0',
          restrictions: [
            {
              alternatives: [
                { fieldname: 'method', value: 'getinfo', condition: '=', english: english[0] },
                { fieldname: 'time', value: '5', condition: '<', english: english[1] },
              ],
              english: english.join(' OR '),
            },
          ],
          restrictions_as_english: english.join(' OR '),
        },
      ],
    })
    const foreign = encodeRune(new Uint8Array(32), ['=7'])
    expect(await cln.get('showrunes', { rune: foreign })).toMatchObject({
      runes: [{ our_rune: false, unique_id: '7' }],
    })
  })
})
