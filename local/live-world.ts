import type { LdkRpc, RpcAnswer } from '../adapters/node/ldk/rpc.ts'
import { createWorld, simulatedChainPort, worldFrom, type SimulatedNode, type World } from '../simulator/world/world.ts'
import type { ChainPort } from '../core/ports/ports.ts'
import { textIn, jsonOf, writeWhole } from './files.ts'
import { LocalError } from './problem.ts'
import { simulationAuth } from './settings.ts'

export const NODE = 'alice'

/**
 * A simulated world on the wall clock and on disk. Every change is on disk before anybody can learn of it, so
 * the world does not notice that a process is killed and restarted.
 */
export type LiveWorld = {
  readonly world: World
  readonly node: SimulatedNode
  /** The node's calls, as its server offers them. */
  readonly rpc: LdkRpc
  readonly chain: ChainPort
  /** Advances the world to the present. */
  tick(): void
  /** Changes the world at the present and saves it. */
  change<T>(act: (world: World) => T): T
}

/** Opens the world in a file, or creates one with a seed. */
export function openWorld(path: string, seed: string): LiveWorld {
  const world = savedWorld(path) ?? freshWorld(seed)
  return liveWorldOf(world, () => writeWhole(path, JSON.stringify(world.toJSON())))
}

/** A world on the wall clock. `write` saves it after each change, before anybody can learn of it. */
export function liveWorldOf(world: World, write: () => void): LiveWorld {
  const node = world.node(NODE)
  let savedEntries = -1
  const save = (): void => {
    write()
    savedEntries = world.journal.entries.length
  }
  // Every change has a journal entry, except a wallet's address counter.
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
      `${path}: is not a simulated world that this version can read; remove the file to start a new world`,
    )
  }
}

function freshWorld(seed: string): World {
  const authWindowMs = simulationAuth.authWindowSeconds * 1000
  return createWorld({ seed, startAt: Date.now(), nodes: [{ name: NODE, authWindowMs }] })
}

/** The node's calls at the present time; changes are saved before the call answers. */
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
