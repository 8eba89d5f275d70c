/** The part of a Lambda context that functions use: their remaining time. */
export function invocation(timeoutSeconds: number): { getRemainingTimeInMillis(): number } {
  const endsAt = Date.now() + timeoutSeconds * 1000
  return { getRemainingTimeInMillis: () => Math.max(0, endsAt - Date.now()) }
}
