import { readFileSync } from 'node:fs'
import * as z from 'zod'

const A = 'a'.repeat(64)

/** One open channel as Eclair lists it (`channels`), with the fields that we read. */
export const eclairChannel = {
  nodeId: `03${'b'.repeat(64)}`,
  channelId: A,
  state: 'NORMAL',
  data: {
    type: 'DATA_NORMAL',
    commitments: {
      channelParams: { channelFeatures: ['option_dual_fund'] },
      active: [
        {
          fundingTxIndex: 2,
          fundingInput: `${'f'.repeat(64)}:0`,
          fundingAmount: 1_000_000,
          localFunding: { status: 'confirmed', shortChannelId: '1x1x0' },
          remoteFunding: { status: 'locked' },
          remoteCommitParams: { dustLimit: 1_000 },
          localCommit: { spec: { toLocal: 600_000_000, toRemote: 400_000_000 } },
        },
      ],
    },
  },
}

/** One open channel as phoenixd lists it (`listchannels`), with the fields that we read. */
export const phoenixdChannel = {
  type: 'fr.acinq.lightning.channel.states.Normal',
  commitments: {
    channelParams: { channelId: A, remoteParams: { nodeId: `03${'b'.repeat(64)}` } },
    active: [{ fundingTxIndex: 2, fundingInput: `${'f'.repeat(64)}:0`, fundingAmount: 1_000_000 }],
  },
  spliceStatus: { status: 'None' },
}

const Case = z.object({
  says: z.string(),
  change: z.record(z.string(), z.unknown()),
  shows: z.record(z.string(), z.unknown()).default({}),
  channels: z.int().default(1),
})
const Cases = z.object({ valid: z.array(Case), invalid: z.array(Case) })
export type AnswerCase = z.infer<typeof Case>

/** Channels that can be read, and that cannot, each as changes of a good one. */
export const channelCases = z
  .object({ eclair: Cases, phoenixd: Cases })
  .parse(JSON.parse(readFileSync(new URL('./http-node-channels.json', import.meta.url), 'utf8')))

/** A value with what stands at some dotted paths replaced; null: left out. */
export function changed(value: unknown, change: Readonly<Record<string, unknown>>): unknown {
  const copy: unknown = structuredClone(value)
  for (const [path, put] of Object.entries(change)) replaceAt(copy, path.split('.'), put)
  return copy
}

function replaceAt(value: unknown, [first = '', ...rest]: readonly string[], put: unknown): void {
  if (typeof value !== 'object' || value === null) throw new Error(`nothing stands at ${first}`)
  if (rest.length > 0) return replaceAt(Reflect.get(value, first), rest, put)
  const leaveOut = put === null && !first.endsWith('Shutdown')
  if (leaveOut) Reflect.deleteProperty(value, first)
  else Reflect.set(value, first, put)
}
