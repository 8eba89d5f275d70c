/** A cell: text, which is quoted and made safe; a number, as it is; or null, which is empty. */
export type Cell = string | number | null

/** A spreadsheet reads such text as a formula, at once or after it trims the leading blanks. */
const FORMULA = /^[\s\ufffd\u200b-\u200f\u2060]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/
const CONTROL = /[^\P{Cc}\t\r\n]/gu

/**
 * A record of RFC 4180, with CRLF at its end. All text is quoted, so that other separators do not split it
 * either. Text that a spreadsheet would compute is prefixed with an apostrophe (OWASP, CSV injection).
 * Control characters and broken surrogates are replaced.
 */
export function csvRecord(cells: readonly Cell[]): string {
  return `${cells.map(written).join(',')}\r\n`
}

function written(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const text = cell.toWellFormed().replaceAll(CONTROL, '\ufffd')
  const harmless = FORMULA.test(text) ? `'${text}` : text
  return `"${harmless.replaceAll('"', '""')}"`
}
