import * as z from 'zod'

/** A profile of the processor as the inspector writes it (Chrome DevTools protocol, `Profiler.Profile`), as far as it is read here. */
export const Profile = z.object({
  nodes: z.array(
    z.object({
      id: z.int(),
      callFrame: z.object({ functionName: z.string(), url: z.string() }),
      children: z.array(z.int()).optional(),
    }),
  ),
  samples: z.array(z.int()),
  /** Microseconds before each sample. */
  timeDeltas: z.array(z.int()),
})
export type Profile = z.infer<typeof Profile>

/** Percent of the main thread's time, by part, the largest first. */
export type Shares = Readonly<Record<string, number>>

const ROOT = new URL('../..', import.meta.url).href

/** `path` is one in the repository. */
type Rule = { readonly part: string; readonly path: RegExp }

/** What stands for the world outside: whatever is called from here is the world's time, too, in whoever's library. */
const WORLD: readonly Rule[] = [
  { part: 'emulator of DynamoDB', path: /node_modules\/dynalite\/|^local\/whole-writes/ },
  { part: 'emulator of SQS', path: /node_modules\/(fauxqs|fastify)\// },
  {
    part: 'simulated world',
    path: /^(simulator\/|local\/(live-world|simulation|control|commands))/,
  },
]

/** The part that the innermost frame with a part is of. A library that is not named is part of whoever calls it. */
const PARTS: readonly Rule[] = [
  {
    part: 'emulator of DynamoDB',
    path: /node_modules\/(abstract-level|classic-level|memory-level|level|async|lazy|big\.js|buffer-crc32)\//,
  },
  { part: 'emulator of SQS', path: /node_modules\/(@fastify|avvio|find-my-way|light-my-request|pino)\// },
  { part: 'AWS SDK', path: /node_modules\/(@aws-sdk|@smithy|@aws|@aws-crypto)\// },
  { part: 'zod', path: /node_modules\/(zod|@asteasolutions)\// },
  { part: 'hono', path: /node_modules\/(hono|@hono)\// },
  { part: 'gRPC', path: /node_modules\/(@connectrpc|@bufbuild)\// },
  { part: 'powertools', path: /node_modules\/@aws-lambda-powertools\// },
  { part: 'our core', path: /^core\// },
  { part: 'our adapters', path: /^adapters\// },
  { part: 'our functions', path: /^functions\// },
  { part: 'local runner and relay', path: /^(local|relay|bench)\// },
]

const ALONE: ReadonlyMap<string, string> = new Map([
  ['(idle)', 'idle'],
  ['(garbage collector)', 'garbage collector'],
])
const REST = 'node: HTTP, TLS, timers'

/** Folds a profile into parts by the paths of the files on each sample's stack. */
export function sharesOf({ nodes, samples, timeDeltas }: Profile): Shares {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parentOf = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const partOf = new Map<number, string>()
  const spent = new Map<string, number>()
  let all = 0
  for (const [n, id] of samples.entries()) {
    const part = partOf.get(id) ?? partOfStack(stackOf(id))
    partOf.set(id, part)
    const time = timeDeltas[n] ?? 0
    spent.set(part, (spent.get(part) ?? 0) + time)
    all += time
  }
  const sorted = [...spent].toSorted(([, a], [, b]) => b - a)
  return Object.fromEntries(sorted.map(([part, time]) => [part, Math.round((1000 * time) / all) / 10]))

  /** The frames of a node, innermost first. */
  function stackOf(id: number): Frame[] {
    const frames: Frame[] = []
    for (let at: number | undefined = id; at !== undefined; at = parentOf.get(at)) {
      const node = byId.get(at)
      if (node !== undefined) frames.push(node.callFrame)
    }
    return frames
  }
}

type Frame = { readonly functionName: string; readonly url: string }

function partOfStack(frames: readonly Frame[]): string {
  const alone = ALONE.get(frames[0]?.functionName ?? '')
  if (alone !== undefined) return alone
  const paths = frames.map(({ url }) => (url.startsWith(ROOT) ? url.slice(ROOT.length) : url))
  const world = WORLD.find((rule) => paths.some((path) => rule.path.test(path)))
  if (world !== undefined) return world.part
  for (const path of paths) {
    const found = PARTS.find((rule) => rule.path.test(path))
    if (found !== undefined) return found.part
  }
  return REST
}
