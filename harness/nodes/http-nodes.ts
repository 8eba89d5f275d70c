import { onTestFinished } from 'vitest'
import { eclairClient } from '../../adapters/node/eclair/client.ts'
import { eclairNode } from '../../adapters/node/eclair/node.ts'
import { phoenixdClient } from '../../adapters/node/phoenixd/client.ts'
import { phoenixdNode } from '../../adapters/node/phoenixd/node.ts'
import { startEclairServer } from '../../simulator/eclair/server.ts'
import { startPhoenixdServer } from '../../simulator/phoenixd/server.ts'
import { createWorld, type NodeOptions } from '../../simulator/world/world.ts'
import type { BumpRequest, ChannelSnapshot, NodeLook, SubmitRequest } from '../../core/ports/node.ts'
import type { NodePort } from '../../core/ports/ports.ts'
import type { KeeperOptions } from '../keeper/options.ts'
import { ADDRESS } from '../values.ts'
import { START } from '../keeper/times.ts'
import { startKeeper } from '../keeper/keeper.ts'

export const PASSWORD = 'correct horse'

const worldWith = (node: Partial<NodeOptions>) =>
  createWorld({ seed: 'http', startAt: START, nodes: [{ ...node, name: 'alice' }] })

/** A simulated Eclair with one channel, its server, and our adapter at the other end of a socket. */
export async function anEclair(node: Partial<NodeOptions> = {}) {
  const world = worldWith({ channels: [{}], ...node })
  const alice = world.node('alice')
  const server = await startEclairServer({ world, node: alice, password: PASSWORD })
  onTestFinished(() => server.close())
  const clock = { now: () => world.now() }
  const port = eclairNode(eclairClient({ url: server.url, password: PASSWORD }), { clock })
  return { world, node: alice, server, clock, port }
}

/** The same with a phoenixd, whose channels are zero-conf. */
export async function aPhoenixd(node: Partial<NodeOptions> = {}) {
  const world = worldWith({ channels: [{ lockDepth: 0 }], ...node })
  const alice = world.node('alice')
  const passwords = { password: PASSWORD, limitedPassword: 'look only' }
  const server = await startPhoenixdServer({ world, node: alice, ...passwords })
  onTestFinished(() => server.close())
  const clock = { now: () => world.now() }
  const port = phoenixdNode(phoenixdClient({ url: server.url, password: PASSWORD }), { clock })
  return { world, node: alice, server, clock, port }
}

type Stage = Awaited<ReturnType<typeof anEclair>> | Awaited<ReturnType<typeof aPhoenixd>>

/** Splicekeeper over the adapter of a stage. No relay reports: neither Eclair nor phoenixd has one here. */
export function keeperOf({ world, port }: Stage, options: KeeperOptions = {}) {
  return startKeeper({ ...options, world, port, relay: false })
}

export const callNow = () => ({ signal: new AbortController().signal })

/** What a node shows now; throws if it gives no look. */
export async function lookAt(port: NodePort): Promise<NodeLook> {
  const look = await port.look(callNow())
  if (!look.ok) throw new Error(look.error.message)
  return look.value
}

/** Its first channel. */
export async function channelAt(port: NodePort): Promise<ChannelSnapshot> {
  const [channel] = (await lookAt(port)).channels
  if (channel === undefined) throw new Error('no channel')
  return channel
}

/** A submission of 50,000 sat on the first channel. */
export function aSubmission({ world, node }: Stage, changes: Partial<SubmitRequest> = {}): SubmitRequest {
  const [own] = node.channels()
  if (own === undefined) throw new Error('no channel')
  return {
    attemptId: 'attempt-1',
    channelId: own.channelId,
    userChannelId: null,
    peerId: own.peerId,
    submittedOn: `${own.funding.txid}:${own.funding.vout}`,
    kind: 'splice_out',
    amountSats: 50_000,
    address: ADDRESS,
    feeRateSatPerKw: 1_000,
    signedAt: world.now(),
    maxFeeRateSatPerKw: null,
    maxFeeSats: null,
    ...changes,
  }
}

/** A fee bump of what is pending on the first channel. */
export function aBump(stage: Stage, changes: Partial<BumpRequest> = {}): BumpRequest {
  const txid = stage.node.channels()[0]?.candidates.at(-1)?.funding.txid ?? ''
  return { ...aSubmission(stage), attemptId: 'bump-1', txid, feeRateSatPerKw: 2_000, ...changes }
}
