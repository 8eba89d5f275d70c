/** A configuration that cannot be used. The message names what is wrong and where, never a value: it may be secret. */
export class Misconfigured extends Error {
  override readonly name = 'Misconfigured'
}
