// What the commands print: one JSON document, or lines and tables that fit the terminal.

import { columns, formatCount, pad, shorten } from '../format.ts'

/** Prints the one document of `--json`. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** A hint that is no result: nobody who reads the output by a program has to skip it. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Bold on a terminal that shows it; `NO_COLOR` and pipes have none. */
function bold(text: string): string {
  return process.stdout.isTTY && process.stdout.hasColors() ? `\u001b[1m${text}\u001b[22m` : text
}

/** `1 entry`, `12,345 entries`. */
export function entries(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'entry' : 'entries'}`
}

export interface Column {
  title: string
  align?: 'left' | 'right'
  /** Gives way where the terminal is narrow; at least this many columns remain. */
  shrinksTo?: number
  /** Is left out where the terminal is too narrow even so. */
  mayGo?: boolean
}

const GAP = '  '

/** Prints a table. On a terminal it is as wide as that where it can be, elsewhere nothing is cut. */
export function printTable(header: Column[], rows: string[][]): void {
  const widths = header.map(({ title }, index) =>
    Math.max(columns(title), ...rows.map((row) => columns(row[index] ?? ''))),
  )
  const shown = process.stdout.isTTY ? fitInto(process.stdout.columns, header, widths) : [...header.keys()]
  const line = (cells: string[]) =>
    shown
      .map((index) => pad(shorten(cells[index] ?? '', widths[index] ?? 0), widths[index] ?? 0, header[index]?.align))
      .join(GAP)
      .trimEnd()
  print(bold(line(header.map(({ title }) => title))))
  for (const row of rows) print(line(row))
}

/** Narrows `widths` and returns the columns that are shown. */
function fitInto(room: number, header: Column[], widths: number[]): number[] {
  const shown = [...header.keys()]
  const excess = (width: (index: number) => number) =>
    shown.reduce((sum, index) => sum + width(index) + GAP.length, -GAP.length) - room
  const least = (index: number) => Math.min(header[index]?.shrinksTo ?? Number.POSITIVE_INFINITY, widths[index] ?? 0)
  for (const index of [...header.keys()].filter((index) => header[index]?.mayGo)) {
    if (excess(least) > 0) shown.splice(shown.indexOf(index), 1)
  }
  // The widest gives way first.
  const flexible = shown.filter((index) => header[index]?.shrinksTo !== undefined)
  for (const index of flexible.sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))) {
    const width = widths[index] ?? 0
    const over = excess((other) => widths[other] ?? 0)
    if (over > 0) widths[index] = Math.max(least(index), width - over)
  }
  return shown
}

/** Prints what belongs to each name, one below the other. */
export function printFacts(facts: [name: string, value: string][]): void {
  const width = Math.max(...facts.map(([name]) => columns(name)))
  for (const [name, value] of facts) print(`${bold(pad(name, width))}${GAP}${value}`)
}
