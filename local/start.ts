import { bannerOf } from './banner.ts'
import { textOf } from './problem.ts'
import { startProduct, type Product } from './product.ts'
import { settingsOf } from './settings.ts'

const STOP_MS = 10_000

/** Stops the product on a signal; a second signal ends the process at once. Stored data survives both. */
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
