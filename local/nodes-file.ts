import { dirname, resolve } from 'node:path'
import * as z from 'zod'
import { parseNodes, type NodeEntry } from '../adapters/node/configured.ts'
import { jsonOf, textIn } from './files.ts'
import { LocalError } from './problem.ts'

const WithFile = z.looseObject({ certificateFile: z.string().min(1) })

/**
 * Reads the nodes of a file and replaces `certificateFile` (relative to the file's folder) by `certificate`.
 * Throws LocalError or Misconfigured, naming file, node and field.
 */
export function readNodesFile(path: string): NodeEntry[] {
  const text = textIn(path)
  if (text === null) throw new LocalError(`NODES_FILE: there is no file ${path}`)
  const value = jsonOf(path, text)
  const entries = Array.isArray(value) ? value.map((entry: unknown, n) => inlined(entry, path, `node ${n + 1}`)) : value
  return parseNodes(entries, path)
}

function inlined(entry: unknown, path: string, node: string): unknown {
  const named = WithFile.safeParse(entry)
  if (!named.success) return entry
  const { certificateFile, ...rest } = named.data
  const refuse = (why: string) => new LocalError(`${path}: ${node}: certificateFile: ${why}`)
  if ('certificate' in rest) throw refuse('certificate is set as well: set only one')
  const certificatePath = resolve(dirname(path), certificateFile)
  const certificate = textIn(certificatePath)
  if (certificate === null) throw refuse(`there is no file ${certificatePath}`)
  return { ...rest, certificate }
}
