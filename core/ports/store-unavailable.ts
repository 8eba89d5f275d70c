/**
 * The database did not answer, or answered that it cannot do more now. A write may have been done all the same: whoever
 * repeats it has to find out first, as every repeated request does. Its name is the name of the cause.
 */
export class StoreUnavailable extends Error {
  constructor(name: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = name
  }
}
