import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { wiring } from '../../functions/wiring.ts'

const functions = new Map(Object.entries(wiring.functions))

describe('the wiring', () => {
  test.each(Object.entries(wiring.queues))('queue %s', (_name, queue) => {
    const timeoutSeconds = functions.get(queue.feeds)?.timeoutSeconds ?? Infinity
    expect(queue.visibilitySeconds).toBeGreaterThanOrEqual(6 * timeoutSeconds)
    expect(queue.maxReceives).toBeGreaterThan(1)
    expect(queue.batchSize).toBeLessThanOrEqual(10)
    expect(queue.deadLetterQueue).not.toBe('')
  })

  test('gives every queue a dead-letter queue and a link of its own', () => {
    const queues = Object.values(wiring.queues)
    expect(new Set(queues.map(({ deadLetterQueue }) => deadLetterQueue)).size).toBe(queues.length)
    expect(new Set(queues.map(({ link }) => link)).size).toBe(queues.length)
  })

  test('ends a sweep before the next one begins', () => {
    for (const { feeds, everySeconds } of Object.values(wiring.schedules))
      expect(functions.get(feeds)?.timeoutSeconds).toBeLessThan(everySeconds)
  })

  test.each(Object.entries(wiring.functions))('function %s is there', (_name, { handler }) => {
    const path = fileURLToPath(new URL(`../../${handler.replace(/\.handler$/, '.ts')}`, import.meta.url))
    expect(existsSync(path)).toBe(true)
  })
})
