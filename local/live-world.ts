import type { LdkRpc, RpcAnswer } from '../adapters/node/ldk/rpc.ts'
import { createWorld, simulatedChainPort, worldFrom } from '../simulator/world/world.ts'
import type { SimulatedNode, World } from '../simulator/world/world.ts'
import type { ChainPort } from '../core/ports/ports.ts'
import { textIn, jsonOf, writeWhole } from './files.ts'
import { LocalError } from './problem.ts'
import { simulationAuth } from './settings.ts'

export const NODE = 'alice'

/**
 * A simulated world on the wall clock and on disk. Whatever happens in it is on disk before anybody can hear of it: a killed
 * process and a new one are for the world a moment in which nothing happened.
 */
export type LiveWorld = {
  readonly world: World
  readonly node: SimulatedNode
  /** The calls of the node, as its server offers them. */
  readonly rpc: LdkRpc
  readonly chain: ChainPort
  /** Lets time pass up to now. */
  tick(): void
  /** Changes the world now, and saves it. */
  change<T>(act: (world: World) => T): T
}

/** Opens the world in a file, or makes one with a seed. */
export function openWorld(path: string, seed: string): LiveWorld {
  const world = savedWorld(path) ?? freshWorld(seed)
  return liveWorldOf(world, () => writeWhole(path, JSON.stringify(world.toJSON())))
}

/** A world on the wall clock; `write` keeps it, after each change and before anybody can hear of it. */
export function liveWorldOf(world: World, write: () => void): LiveWorld {
  const node = world.node(NODE)
  let savedEntries = -1
  const save = (): void => {
    write()
    savedEntries = world.journal.entries.length
  }
  // Every change but those of a wallet's address counter has its line in the journal.
  const saveIfNoted = (): void => {
    if (world.journal.entries.length !== savedEntries) save()
  }
  const tick = (): void => {
    world.advanceTo(Math.max(world.now(), Date.now()))
    saveIfNoted()
  }
  const live = { tick, save, saveIfNoted }
  saveIfNoted()
  return {
    world,
    node,
    rpc: savedRpc(node.rpc, live),
    chain: savedChain(simulatedChainPort(world.chain), live),
    tick,
    change(act) {
      tick()
      try {
        return act(world)
      } finally {
        save()
      }
    },
  }
}

type Saving = {
  readonly tick: () => void
  readonly save: () => void
  readonly saveIfNoted: () => void
}

function savedWorld(path: string): World | null {
  const text = textIn(path)
  if (text === null) return null
  try {
    return worldFrom(jsonOf(path, text))
  } catch {
    throw new LocalError(
      `${path}: is not a simulated world that this version can read; remove it for a new one`,
    )
  }
}

function freshWorld(seed: string): World {
  const authWindowMs = simulationAuth.authWindowSeconds * 1000
  return createWorld({ seed, startAt: Date.now(), nodes: [{ name: NODE, authWindowMs }] })
}

/** The node's calls at the time that it is now; what they change is saved before they answer. */
function savedRpc(rpc: LdkRpc, { tick, save, saveIfNoted }: Saving): LdkRpc {
  const read = async <T>(call: () => Promise<RpcAnswer<T>>): Promise<RpcAnswer<T>> => {
    tick()
    const answer = await call()
    saveIfNoted()
    return answer
  }
  const change = async <T>(call: () => Promise<RpcAnswer<T>>): Promise<RpcAnswer<T>> => {
    tick()
    const answer = await call()
    save()
    return answer
  }
  return {
    getNodeInfo: (options) => read(() => rpc.getNodeInfo(options)),
    listChannels: (options) => read(() => rpc.listChannels(options)),
    listPeers: (options) => read(() => rpc.listPeers(options)),
    getBalances: (options) => read(() => rpc.getBalances(options)),
    getPayment: (id, options) => read(() => rpc.getPayment(id, options)),
    listPayments: (options) => read(() => rpc.listPayments(options)),
    onchainReceive: (options) => change(() => rpc.onchainReceive(options)),
    connectPeer: (nodeId, address, options) => change(() => rpc.connectPeer(nodeId, address, options)),
    spliceIn: (request, options) => change(() => rpc.spliceIn(request, options)),
    spliceOut: (request, options) => change(() => rpc.spliceOut(request, options)),
    bumpFee: (request, options) => change(() => rpc.bumpFee(request, options)),
  }
}

function savedChain(chain: ChainPort, { save }: Saving): ChainPort {
  return {
    ...chain,
    async broadcast(hex, call) {
      const answer = await chain.broadcast(hex, call)
      save()
      return answer
    },
  }
}
