import { mkdirSync, writeFileSync } from 'node:fs'
import { measureBundles } from './bundles.ts'
import { countRequests } from './requests.ts'

const KIB = 1024
const REPORT = 'reports/bench.json'

const kib = (bytes: number): string => `${Math.round(bytes / KIB)} KiB`

const bundles = await measureBundles()
console.table(
  Object.fromEntries(
    bundles.map(({ name, bytes, gzipBytes, sdkBytes, localeBytes, importMs, heapBytes }) => [
      name,
      {
        bundle: kib(bytes),
        gzip: kib(gzipBytes),
        'of it SDK': kib(sdkBytes),
        'of it locales': kib(localeBytes),
        'import ms': Math.round(importMs),
        'heap after': kib(heapBytes),
      },
    ]),
  ),
)
const { idleHour, plainSplice, minutes } = await countRequests()
console.table({ 'an hour without a splice': idleHour, [`a plain splice, ${minutes} min`]: plainSplice })
mkdirSync('reports', { recursive: true })
writeFileSync(
  REPORT,
  `${JSON.stringify({ bundles, requests: { idleHour, plainSplice, minutes } }, null, 2)}\n`,
)
console.log(`written to ${REPORT}`)
