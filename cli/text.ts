const SHORT = 12

/** Replaces control characters, which a terminal would obey instead of showing: names come from other people. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}|\p{Cf}|\p{Cs}/gu, '\ufffd')
}

/** A table with a title line; columns fit their content. */
export function tableOf(titles: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  const cells = [titles, ...rows].map((row) => row.map((cell) => printable(String(cell ?? '–'))))
  const widths = titles.map((_, n) => Math.max(...cells.map((row) => (row[n] ?? '').length)))
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, n) => cell.padEnd(widths[n] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

/** One line per fact; unknown ones are left out. */
export function factsOf(facts: Readonly<Record<string, string | number | boolean | null | undefined>>): string {
  const known = Object.entries(facts).filter(([, value]) => value !== null && value !== undefined && value !== '')
  const width = Math.max(...known.map(([name]) => name.length))
  return known.map(([name, value]) => `${name.padEnd(width)}  ${printable(String(value))}\n`).join('')
}

/** An id or a hash, shortened. */
export function short(id: string): string {
  return id.length <= SHORT + 4 ? id : `${id.slice(0, SHORT)}…`
}

/** Satoshis with thousands separators. */
export function sats(amount: number | null): string {
  return amount === null ? '–' : `${String(amount).replace(/\B(?=(\d{3})+$)/g, '\u202f')} sat`
}
