/**
 * A configuration that cannot be used. The message names the problem and its place, never a value, which may be secret.
 */
export class Misconfigured extends Error {
  override readonly name = 'Misconfigured'
}
