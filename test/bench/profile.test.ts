import { expect, test } from 'vitest'
import { sharesOf } from '../../bench/throughput/profile.ts'

const ROOT = new URL('../../', import.meta.url).href
const frame = (id: number, url: string, children: number[] = [], functionName = 'f') => ({
  id,
  callFrame: { functionName, url },
  children,
})

/** A stack of frames, outermost first, sampled once for a millisecond. */
const sharesOfStack = (...urls: string[]) =>
  sharesOf({
    nodes: urls.map((url, n) => frame(n, url, n + 1 < urls.length ? [n + 1] : [])),
    samples: [urls.length - 1],
    timeDeltas: [1_000],
  })

test.each<[string, string[], string]>([
  ['a file of ours', [`${ROOT}core/decision/decide.ts`], 'our core'],
  ['what Node does for it', [`${ROOT}adapters/net/http.ts`, 'node:http'], 'our adapters'],
  ['a library that is named', [`${ROOT}core/drive/save.ts`, `${ROOT}node_modules/zod/v4/core/parse.js`], 'zod'],
  ['one that is not', [`${ROOT}core/bitcoin/transaction.ts`, `${ROOT}node_modules/bitcoinjs-lib/a.js`], 'our core'],
  [
    'whatever is called from the simulated world',
    [`${ROOT}simulator/chain/chain.ts`, `${ROOT}core/bitcoin/transaction.ts`],
    'simulated world',
  ],
  [
    'a library with a folder called core',
    [`${ROOT}node_modules/undici/lib/core/request.js`],
    'node: HTTP, TLS, timers',
  ],
  ['nobody', ['node:net', ''], 'node: HTTP, TLS, timers'],
])('%s has its own part of a profile', (_says, urls, part) => {
  expect(sharesOfStack(...urls)).toEqual({ [part]: 100 })
})

test('shares are percent of the time, the largest first, and idle is one of them', () => {
  const nodes = [frame(1, '', [2, 3], '(root)'), frame(2, '', [], '(idle)'), frame(3, `${ROOT}core/splice/step.ts`)]
  const shares = sharesOf({ nodes, samples: [2, 3, 3], timeDeltas: [250, 250, 500] })
  expect(Object.entries(shares)).toEqual([
    ['our core', 75],
    ['idle', 25],
  ])
})
