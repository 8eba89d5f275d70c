/**
 * Metadata is stored as JSON text: in a map of DynamoDB the SDK would lose or change some names and texts, such as
 * `__proto__`.
 */
type WithMetadata = { readonly metadata: Readonly<Record<string, string>> }

export function withMetadataText<T extends WithMetadata>(record: T): Omit<T, 'metadata'> & { metadata: string } {
  return { ...record, metadata: JSON.stringify(record.metadata) }
}

/** The record in a stored body, not checked yet. Metadata that cannot be read becomes null, which the check refuses. */
export function recordIn(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !('metadata' in body)) return body
  const { metadata } = body
  return typeof metadata === 'string' ? { ...body, metadata: parsedJson(metadata) } : body
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
