#!/usr/bin/env node
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { run } from './run.ts'

/** A request that takes longer is aborted, and retried where that is safe. */
const REQUEST_MS = 30_000

// A reader such as head may close the pipe early.
process.stdout.on('error', () => process.exit())

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  isTerminal: process.stdout.isTTY,
  environment: process.env,
  pause: (milliseconds) => pause(milliseconds),
  id: () => randomUUID(),
  // Following a redirect would send an order and the key to an unintended place.
  fetch: (input, init) => fetch(input, { ...init, redirect: 'error', signal: AbortSignal.timeout(REQUEST_MS) }),
})
