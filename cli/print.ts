import type { SpliceView } from '../functions/api/splice-view.ts'
import type { Io } from './io.ts'
import { spliceText } from './splice-text.ts'

type Printed = { readonly json?: boolean | undefined }

/** Prints a result, as JSON with --json, else as text. */
export function print<T>({ json }: Printed, io: Io, value: T, text: (value: T) => string): void {
  io.out(json === true ? `${JSON.stringify(value)}\n` : text(value))
}

export function printSplice(args: Printed, io: Io, splice: SpliceView): void {
  print(args, io, splice, spliceText)
}
