import { describe } from 'vitest'
import { chromiumPath } from './chromium.ts'

/** `describe`, or, where there is no browser, what skips it and says so: nobody shall take it for tested. */
export const describeInBrowser = chromiumPath() === null ? skippedLoudly() : describe

function skippedLoudly(): typeof describe.skip {
  process.stderr.write(
    '\nNO CHROMIUM: the dashboard is NOT tested. Install it (apt-get install chromium), or set CHROMIUM to its path.\n\n',
  )
  return describe.skip
}
