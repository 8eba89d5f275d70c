import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { filesOf, planted, type Bug } from './bug.ts'

const ROOT = new URL('../../', import.meta.url)

/** Tells which files of a bug have been loaded with it. */
export type Planting = { missing(): string[] }

/**
 * Plants a bug: from now on this process loads the product with it. What is loaded already stays whole, so this comes before
 * anything of the product is imported. The files on disk are never touched; types are stripped afterwards, as always.
 */
export function plant(bug: Bug): Planting {
  const files = new Map(filesOf(bug).map((file) => [new URL(file, ROOT).href, file]))
  const loaded = new Set<string>()
  registerHooks({
    load(url, context, nextLoad) {
      const answer = nextLoad(url, context)
      const file = files.get(url)
      if (file === undefined) return answer
      loaded.add(file)
      return { ...answer, source: planted(bug, file, textOf(answer.source)) }
    },
  })
  return { missing: () => filesOf(bug).filter((file) => !loaded.has(file)) }
}

/** Path of a file of the repository on this machine. */
export function pathOf(file: string): string {
  return fileURLToPath(new URL(file, ROOT))
}

function textOf(source: string | ArrayBuffer | NodeJS.TypedArray | undefined | null): string {
  if (typeof source === 'string') return source
  if (source === undefined || source === null) throw new Error('a module without a source')
  return new TextDecoder().decode(source)
}
