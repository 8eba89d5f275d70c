import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bitcoind, type BitcoindConfig } from '../../../../adapters/chain/bitcoind/bitcoind.ts'
import { PASSWORD, USER, call, faultOf, node, unreachable, type RawAnswer } from './stage.ts'

const denied = faultOf('getblockchaininfo: HTTP 401, the user or the password is wrong', 'config')

describe('who asks', () => {
  function cookie(content: string): { path: string; write: (content: string) => void } {
    const folder = mkdtempSync(join(tmpdir(), 'cookie-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, '.cookie')
    writeFileSync(path, content)
    return { path, write: (renewed) => writeFileSync(path, renewed) }
  }
  const withCookie = (cookieFile: string): BitcoindConfig => ({ url: '', network: 'regtest', cookieFile })

  test('a cookie is read again when it is refused: bitcoind writes a new one at each start', async () => {
    let password = 'a1'
    const { path, write } = cookie(`${USER}:${password}`)
    const source = await node({ password: () => password })
    const chain = bitcoind({ ...withCookie(path), url: source.url })
    expect(await chain.tip(call)).toMatchObject({ ok: true })
    password = 'b2'
    write(`${USER}:${password}\n`)
    expect(await chain.tip(call)).toMatchObject({ ok: true })
    expect(source.refused()).toBe(1)
    expect(await chain.tip(call)).toMatchObject({ ok: true })
    expect(source.refused()).toBe(1)
  })

  test('a cookie that is refused and has not changed is not tried twice', async () => {
    const { path } = cookie(`${USER}:old`)
    const source = await node()
    const chain = bitcoind({ ...withCookie(path), url: source.url })
    expect(await chain.tip(call)).toEqual(denied)
    expect(source.refused()).toBe(1)
  })

  test('a renewed cookie that is refused, too, is the end of it', async () => {
    const { path, write } = cookie(`${USER}:old`)
    const source = await node({ password: () => 'never' })
    const chain = bitcoind({ ...withCookie(path), url: source.url })
    expect(await chain.tip(call)).toEqual(denied)
    write(`${USER}:new`)
    expect(await chain.tip(call)).toEqual(denied)
    expect(source.refused()).toBe(3)
  })

  test.each([
    ['empty', ''],
    ['without a colon', 'cookie'],
    ['of two words', `${USER}:one two`],
    ['far too long', `${USER}:${'x'.repeat(2_000)}`],
  ])('a cookie file that is %s holds no cookie', async (_, content) => {
    const { path } = cookie(content)
    const source = await node()
    const chain = bitcoind({ ...withCookie(path), url: source.url })
    expect(await chain.tip(call)).toEqual(faultOf('getblockchaininfo: the cookie file cannot be read'))
    expect([source.refused(), source.calls]).toEqual([0, []])
  })

  test('a cookie file that comes later is found', async () => {
    const { path, write } = cookie('')
    const source = await node()
    const chain = bitcoind({ ...withCookie(path), url: source.url })
    expect(await chain.tip(call)).toMatchObject(unreachable)
    write(`${USER}:${PASSWORD}`)
    expect(await chain.tip(call)).toMatchObject({ ok: true })
  })

  test('a user that is refused is not tried again', async () => {
    const source = await node({ password: () => 'another' })
    expect(await source.chain.tip(call)).toEqual(denied)
    expect(source.refused()).toBe(1)
  })

  test('no fault tells the address or who we are', async () => {
    const hostile: RawAnswer = (response) => response.writeHead(500).end(`${USER} ${PASSWORD}`)
    const source = await node({ raw: { getblockchaininfo: hostile } })
    const gone = source.another({ url: 'http://127.0.0.1:1' })
    const stranger = source.another({ password: `${PASSWORD}!` })
    const faults = await Promise.all([source.chain, gone, stranger].map((chain) => chain.tip(call)))
    expect(faults).toMatchObject([unreachable, unreachable, denied])
    for (const fault of faults) {
      for (const secret of [USER, PASSWORD, source.url, '127.0.0.1'])
        expect(JSON.stringify(fault)).not.toContain(secret)
    }
  })
})
