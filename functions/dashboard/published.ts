import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const PACKAGE = 'swagger-ui-dist'

/** The files of Swagger UI that a browser loads, as its package publishes them. */
export type PublishedName = 'swagger-ui-bundle.js' | 'swagger-ui.css'

/** A file for a browser, as it is and packed. */
export type Published = { readonly etag: string; readonly plain: Bytes; readonly packed: Bytes }
type Bytes = Uint8Array<ArrayBuffer>

// They are found as the package's files are: in `node_modules` here, and in the one that is put beside a bundle (wiring.ts).
const { resolve } = createRequire(import.meta.url)
const files = new Map<PublishedName, Promise<Published>>()

/** A file, read and packed at the first time that somebody asks for it: a function that nobody asks pays nothing for it. */
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
