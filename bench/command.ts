import { mkdirSync, writeFileSync } from 'node:fs'
import { measureAccept, tableOf as acceptTable } from './accept/accept.ts'
import { acceptAims, bundleAims, coreAims, orderAims, recoveryAims, requestAims, sweepAims, type Aim } from './aims.ts'
import { measureBundles, tableOf as bundleTable } from './bundles.ts'
import { measureCore, tableOf as coreTable } from './core/core.ts'
import { measureOrders, tableOf as orderTable } from './orders/orders.ts'
import { measureRecovery, tableOf as recoveryTable } from './recovery/recovery.ts'
import { countRequests, tableOf as requestTable } from './requests/requests.ts'
import { measureSweeps, tableOf as sweepTable } from './sweep/sweep.ts'
import { measureThroughput, tableOf as throughputTable } from './throughput/throughput.ts'

const REPORT = 'reports/bench.json'
/** Behind the names of parts: every size of the sweep, and a minute of orders. */
const ALL = '--all'

type Measured = {
  readonly table: Readonly<Record<string, Readonly<Record<string, number | string>>>>
  readonly figures: unknown
  readonly aims: readonly Aim[]
}

const parts: Readonly<Record<string, (all: boolean) => Promise<Measured>>> = {
  async requests() {
    const figures = await countRequests()
    return { table: requestTable(figures), figures, aims: requestAims(figures) }
  },
  async accept() {
    const figures = await measureAccept()
    return { table: acceptTable(figures), figures, aims: acceptAims(figures) }
  },
  async orders(all) {
    const figures = await measureOrders(all)
    return { table: orderTable(figures), figures, aims: orderAims(figures) }
  },
  async sweep(all) {
    const figures = await measureSweeps(all)
    return { table: sweepTable(figures), figures, aims: sweepAims(figures) }
  },
  async recovery() {
    const figures = await measureRecovery()
    return { table: recoveryTable(figures), figures, aims: recoveryAims(figures) }
  },
  async core() {
    const figures = await measureCore()
    return { table: coreTable(figures), figures, aims: coreAims(figures) }
  },
  async bundles() {
    const figures = await measureBundles()
    return { table: bundleTable(figures), figures, aims: bundleAims(figures) }
  },
  async throughput() {
    const figures = await measureThroughput()
    return { table: throughputTable(figures), figures, aims: [] }
  },
}

const given = process.argv.slice(2)
const named = given.filter((word) => word !== ALL)
const unknown = named.filter((name) => !(name in parts))
if (unknown.length > 0) {
  console.error(`${unknown.join(', ')}: not one of ${Object.keys(parts).join(', ')}`)
  process.exit(2)
}
const report: Record<string, unknown> = {}
const aims: Aim[] = []
for (const [name, measure] of Object.entries(parts)) {
  if (named.length > 0 && !named.includes(name)) continue
  const measured = await measure(given.includes(ALL))
  console.log(`\n${name}`)
  console.table(measured.table)
  report[name] = measured.figures
  aims.push(...measured.aims)
}
const rounded = (figure: number): number => Number(figure.toPrecision(3))
console.log('\naims')
console.table(
  Object.fromEntries(aims.map(({ aim, wanted, figure, held }) => [aim, { wanted, figure: rounded(figure), held }])),
)
mkdirSync('reports', { recursive: true })
writeFileSync(REPORT, `${JSON.stringify({ ...report, aims }, null, 2)}\n`)
console.log(`written to ${REPORT}`)
