/** Reads a whole body; null when it is too large or not made of bytes. Throws what the stream throws. */
export async function bytesOf(body: AsyncIterable<unknown>, maxBytes: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) return null
    bytes += chunk.length
    if (bytes > maxBytes) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The same, decoded as UTF-8. */
export async function textOf(body: AsyncIterable<unknown>, maxBytes: number): Promise<string | null> {
  return (await bytesOf(body, maxBytes))?.toString('utf8') ?? null
}
