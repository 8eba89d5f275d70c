import { describe, expect, test } from 'vitest'
import type { EclairFault } from '../../../simulator/eclair/server.ts'
import type { FailureReason, RefusalClass } from '../../../core/splice/failure.ts'
import type { CommandResult } from '../../../core/splice/splice.ts'
import { aSubmission, callNow, PASSWORD, type anEclair, type aPhoenixd } from '../../../harness/nodes/http-nodes.ts'

/** What goes wrong on the way to a node that is asked by HTTP: Eclair and phoenixd share the faults. */
export type HttpFault = EclairFault

/** Faults after which a read is sent again, and how often in all. */
const PASSING: readonly HttpFault['type'][] = ['reset', 'half_body']
const TIMES = 4

export const status = (code: number, body: string, executes = true): HttpFault => ({
  type: 'status',
  status: code,
  body,
  executes,
})

/** A refusal as the adapter tells it, its message left out. */
export const refused = (refusal: RefusalClass, reason?: FailureReason): CommandResult => ({
  type: 'refused',
  class: refusal,
  message: '',
  ...(reason === undefined ? {} : { reason }),
})

/** A node that is asked by HTTP, and what follows from each answer. */
export type HttpNodeSuite = {
  readonly start: () => ReturnType<typeof anEclair> | ReturnType<typeof aPhoenixd>
  /** The reads of a look that are hit, and what each fault makes of it. */
  readonly reads: readonly string[]
  readonly readFaults: readonly (readonly [string, HttpFault, 'config' | 'unreachable'])[]
  /** What a fault makes of a splice-out, and how many the node executed. */
  readonly faults: readonly (readonly [string, HttpFault, Partial<CommandResult>, number])[]
  /** An answer in which the node says that it failed. */
  readonly failure: (text: string) => HttpFault
  /** Failures of which the node's words prove that nothing was executed. */
  readonly refusals: readonly (readonly [string, CommandResult])[]
  /** Failures that prove nothing. */
  readonly unproven: readonly string[]
}

export function describeHttpNode(suite: HttpNodeSuite): void {
  describeReads(suite)
  describeCommand(suite)
}

function describeReads({ start, reads, readFaults }: HttpNodeSuite): void {
  const cases = reads.flatMap((path) => readFaults.map((fault) => [path, ...fault] as const))
  test.each(cases)(
    'a look of which %s answers with %s is none: no channel is ever left out',
    async (path, _says, fault, faultClass) => {
      const stage = await start()
      const received = () => stage.server.received.filter((each) => each.path === path).length
      const times = PASSING.includes(fault.type) ? TIMES : 1
      for (let time = 1; time <= times; time += 1) stage.server.fault(fault, path)
      const look = await stage.port.look(callNow())
      expect(look).toMatchObject({ ok: false, error: { class: faultClass } })
      expect(JSON.stringify(look)).not.toContain(PASSWORD)
      expect(received()).toBe(times)
    },
  )
}

function describeCommand({ start, faults, failure, refusals, unproven }: HttpNodeSuite): void {
  describe('a splice-out', () => {
    test.each(faults)('with %s', async (_says, fault, result, executed) => {
      const stage = await start()
      stage.server.fault(fault)
      const request = aSubmission(stage)
      const given = await stage.port.submit(request, callNow())
      expect(given).toMatchObject(result)
      expect(JSON.stringify(given)).not.toContain(PASSWORD)
      expect(stage.world.journal.submissionsExecuted(request.channelId)).toBe(executed)
      expect(stage.server.received).toHaveLength(1)
    })

    test.each(refusals)('failed with "%s" was not executed', async (text, result) => {
      const stage = await start()
      stage.server.fault(failure(text))
      const given = await stage.port.submit(aSubmission(stage), callNow())
      expect({ ...given, message: '' }).toEqual(result)
      expect(JSON.stringify(given), 'a peer may say anything').not.toContain('any words')
    })

    test.each(unproven)('failed with "%s" may have been executed', async (text) => {
      const stage = await start()
      stage.server.fault(failure(text))
      expect(await stage.port.submit(aSubmission(stage), callNow())).toMatchObject({ type: 'unknown' })
    })

    test('that is aborted for the end of our time is unknown, and its socket is gone', async () => {
      const stage = await start()
      stage.server.fault({ type: 'slow', executes: true })
      const given = new AbortController()
      const answer = stage.port.submit(aSubmission(stage), { signal: given.signal })
      while (stage.server.received.length === 0) await new Promise(setImmediate)
      given.abort()
      expect(await answer).toMatchObject({ type: 'unknown' })
      await stage.server.hungUp()
    })

    test('with nobody at the address was certainly not executed', async () => {
      const stage = await start()
      await stage.server.close()
      expect({ ...(await stage.port.submit(aSubmission(stage), callNow())), message: '' }).toEqual(refused('not_now'))
    })
  })
}
