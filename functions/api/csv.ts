/** A cell: text, which is quoted and made harmless, a number as it is, or nothing. */
export type Cell = string | number | null

/** Text that begins so is a formula to a spreadsheet, or becomes one once the blanks before it are cut off. */
const FORMULA = /^[\s\ufffd\u200b-\u200f\u2060]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/
const CONTROL = /[^\P{Cc}\t\r\n]/gu

/**
 * A record of RFC 4180, CRLF at its end. Every text is quoted, so that no other separator splits it either. One that a spreadsheet
 * would compute gets an apostrophe in front (OWASP, CSV injection); control characters and broken surrogates are replaced.
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
