/** A Markdown table, its columns aligned for reading as plain text too: the first to the left, the others to the right. */
export function table(header: string[], rows: string[][]): string {
  const widths = header.map((_, column) => Math.max(3, ...[header, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (cells: string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number))).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(header), line(rule), ...rows.map(line)].join('\n')
}

/** A duration with three significant digits, in the unit that suits its size. */
export function duration(milliseconds: number): string {
  if (milliseconds === 0) return '0'
  if (milliseconds >= 9995) return `${(milliseconds / 1000).toFixed(1)} s`
  const [unit, factor] = milliseconds < 0.001 ? ['ns', 1e6] : milliseconds < 1 ? ['µs', 1e3] : ['ms', 1]
  const value = Number((milliseconds * factor).toPrecision(3))
  return value >= 1000 && unit === 'ms' ? `${(milliseconds / 1000).toFixed(2)} s` : `${value} ${unit}`
}

/** A number with thousands separators and at most one decimal. */
export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 })
}

/** A share between 0 and 1 as a percentage with one decimal. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** Breaks a text into lines of at most 80 characters; those after the first are indented by two. */
export function wrap(text: string): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    if ((lines.at(-1) as string).length + word.length > 79) lines.push(' ')
    lines[lines.length - 1] += lines.at(-1) === '' ? word : ` ${word}`
  }
  return lines.join('\n')
}
