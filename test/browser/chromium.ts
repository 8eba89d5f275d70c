import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

/** Where the browser is: what `CHROMIUM` names, or where Debian puts it. null: there is none. */
export function chromiumPath(): string | null {
  const named = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
  return existsSync(named) ? named : null
}

/** A browser without a window. Throws where {@link chromiumPath} is null. */
export async function startChromium(): Promise<Browser> {
  const executablePath = chromiumPath()
  if (executablePath === null) throw new Error('no Chromium here')
  return chromium.launch({ executablePath, args: ['--disable-gpu', '--disable-dev-shm-usage'] })
}
