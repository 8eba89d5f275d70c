/** What a client gets: its JSON read. */
export type Answer = { status: number; headers: Headers; body: Record<string, unknown> }
