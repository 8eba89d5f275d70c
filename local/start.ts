import { bannerOf } from './banner.ts'
import { textOf } from './problem.ts'
import type { Product } from './product.ts'
import { startProduct } from './product.ts'
import { settingsOf } from './settings.ts'

const STOP_MS = 10_000

/** Ends the process when it is asked to; a second time at once. What is stored survives that, too. */
function stopOn(signal: NodeJS.Signals, product: Product): void {
  process.once(signal, () => {
    process.once(signal, () => process.exit(1))
    setTimeout(() => process.exit(1), STOP_MS).unref()
    product.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${textOf(error)}\n`)
        process.exit(1)
      },
    )
  })
}

try {
  const settings = settingsOf(process.env)
  const product = await startProduct(settings)
  stopOn('SIGINT', product)
  stopOn('SIGTERM', product)
  process.stdout.write(bannerOf(product.endpoints, settings))
} catch (error) {
  process.stderr.write(`${textOf(error)}\n`)
  process.exit(1)
}
