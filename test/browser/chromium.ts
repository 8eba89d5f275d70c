import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'
import { describe } from 'vitest'

/** Where the browser is: what `CHROMIUM` names, or where Debian puts it. null: there is none. */
export function chromiumPath(): string | null {
  const named = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
  return existsSync(named) ? named : null
}

/** `describe`, or, where there is no browser, what skips it and says so: nobody shall take it for tested. */
export const describeInBrowser = chromiumPath() === null ? skippedLoudly() : describe

function skippedLoudly(): typeof describe.skip {
  process.stderr.write(
    '\nNO CHROMIUM: the dashboard is NOT tested. Install it (apt-get install chromium), or set CHROMIUM to its path.\n\n',
  )
  return describe.skip
}

/** A browser without a window. Throws where {@link chromiumPath} is null. */
export async function startChromium(): Promise<Browser> {
  const executablePath = chromiumPath()
  if (executablePath === null) throw new Error('no Chromium here')
  return chromium.launch({ executablePath, args: ['--disable-gpu', '--disable-dev-shm-usage'] })
}
