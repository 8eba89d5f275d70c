import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const PACKAGE = 'swagger-ui-dist'

/** The files of the Swagger UI package that a browser loads. */
export type PublishedName = 'swagger-ui-bundle.js' | 'swagger-ui.css'

/** A file for a browser, plain and gzipped. */
export type Published = { readonly etag: string; readonly plain: Bytes; readonly packed: Bytes }
type Bytes = Uint8Array<ArrayBuffer>

// Resolves files in `node_modules`: the local one, or the one that is deployed beside the bundle (wiring.ts).
const { resolve } = createRequire(import.meta.url)
const files = new Map<PublishedName, Promise<Published>>()

/** Returns a file. It is read and gzipped at the first request, so that a cold start does not pay for it. */
export async function published(name: PublishedName): Promise<Published> {
  const known = files.get(name)
  if (known !== undefined) return known
  const file = read(name)
  files.set(name, file)
  return file.catch((error: unknown) => {
    files.delete(name)
    throw error
  })
}

async function read(name: PublishedName): Promise<Published> {
  const plain = await readFile(resolve(`${PACKAGE}/${name}`))
  const etag = `W/"${createHash('sha256').update(plain).digest('hex')}"`
  return { etag, plain, packed: await promisify(gzip)(plain) }
}
