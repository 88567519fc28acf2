import { Terminal } from '@xterm/headless'
import { vi } from 'vitest'

/** A stream that ends on a terminal of our own, which says what a person would see. */
export class Screen {
  readonly isTTY = true
  readonly writes: string[] = []
  columns: number
  rows: number
  readonly #terminal: Terminal
  readonly #listeners = new Set<unknown>()

  constructor(columns = 80, rows = 24) {
    this.columns = columns
    this.rows = rows
    // The driver of a terminal makes a new line begin at the left.
    this.#terminal = new Terminal({ cols: columns, rows, convertEol: true, allowProposedApi: true })
  }

  get bytesWritten(): number {
    return this.writes.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  }

  get raw(): string {
    return this.writes.join('')
  }

  write(text: string): boolean {
    this.writes.push(text)
    return true
  }

  once(_: string, listener: unknown): this {
    this.#listeners.add(listener)
    return this
  }

  removeListener(_: string, listener: unknown): this {
    this.#listeners.delete(listener)
    return this
  }

  listenerCount(): number {
    return this.#listeners.size
  }

  /** The lines that are not empty, from the top of what can be scrolled to. */
  async lines(): Promise<string[]> {
    await this.#drawn()
    const buffer = this.#terminal.buffer.active
    const all = Array.from({ length: buffer.length }, (_, row) => buffer.getLine(row)?.translateToString(true) ?? '')
    return all.filter((line) => line !== '')
  }

  async isCursorVisible(): Promise<boolean> {
    await this.#drawn()
    return this.raw.lastIndexOf('\u001b[?25l') <= this.raw.lastIndexOf('\u001b[?25h')
  }

  #parsed = 0
  async #drawn(): Promise<void> {
    // The terminal parses in timers of its own.
    const faked = vi.isFakeTimers()
    const text = this.writes.slice(this.#parsed).join('')
    this.#parsed = this.writes.length
    const parsed = new Promise<void>((resolve) => this.#terminal.write(text, resolve))
    if (faked) await vi.advanceTimersByTimeAsync(0)
    await parsed
  }
}
