import { afterEach, describe, expect, test, vi } from 'vitest'
import { powertoolsTelemetry } from '../../../adapters/log/powertools.ts'
import { readableTelemetry } from '../../../adapters/log/readable.ts'
import { errorFields } from '../../../adapters/log/telemetry.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('what is told of an error', () => {
  test('is its kind and its place, not its words', () => {
    const { error, at } = errorFields(new TypeError('apiKey hunter2'))
    expect(error).toBe('TypeError')
    expect(at).toMatch(/^at .*log\.test\.ts/)
    expect(JSON.stringify(errorFields(new TypeError('hunter2')))).not.toContain('hunter2')
    expect(errorFields('hunter2')).toEqual({ error: 'string', at: '' })
  })
})

describe('readable telemetry', () => {
  test('is quiet but for alarms', () => {
    const lines: string[] = []
    const telemetry = readableTelemetry((line) => lines.push(line))
    telemetry.count('splice.settled')
    telemetry.info('all is well', {})
    telemetry.alarm('channel frozen', { lease: 'c1', depth: 3 })
    telemetry.flush()
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} alarm: channel frozen lease=c1 depth=3\n$/)
  })
})

describe('telemetry of Powertools', () => {
  test('logs alarms as errors, counts them, and publishes what was counted at the end', () => {
    vi.stubEnv('POWERTOOLS_DEV', 'true')
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false')
    const printed: string[] = []
    for (const level of ['log', 'info', 'warn', 'error'] as const)
      vi.spyOn(console, level).mockImplementation((line: unknown) => void printed.push(String(line)))
    const telemetry = powertoolsTelemetry('Splicekeeper')
    telemetry.flush()
    expect(printed).toEqual([])
    telemetry.alarm('node paused', { node: 'alice' })
    telemetry.count('splice.settled', 2)
    telemetry.count('splice.settled')
    telemetry.flush()
    vi.unstubAllEnvs()
    const [alarm, metrics] = printed.map((line): unknown => JSON.parse(line))
    expect(alarm).toMatchObject({
      level: 'ERROR',
      message: 'node paused',
      node: 'alice',
      service: 'splicekeeper',
    })
    expect(metrics).toMatchObject({ alarm: 1, 'splice.settled': [2, 1] })
  })
})
