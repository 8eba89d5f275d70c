#!/usr/bin/env node
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { run } from './run.ts'

/** A request that takes longer is given up, and repeated where that is safe. */
const REQUEST_MS = 30_000

// Whoever reads may have enough, as head does.
process.stdout.on('error', () => process.exit())

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  isTerminal: process.stdout.isTTY,
  environment: process.env,
  pause: (milliseconds) => pause(milliseconds),
  id: () => randomUUID(),
  // A redirect would send an order, and the key, where nobody wanted them.
  fetch: (input, init) =>
    fetch(input, { ...init, redirect: 'error', signal: AbortSignal.timeout(REQUEST_MS) }),
})
