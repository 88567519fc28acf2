/** What a run reports while it is under way. */
export interface Progress {
  begin(total: number): void
  /** So many more rows are done, with an answer or without. */
  advance(rows: number): void
  /** Shows that the rate limit holds requests back for so many milliseconds. */
  throttled(waitTime: number): void
  end(): void
}

const WIDTH = 24

/**
 * One line that is drawn again and again on a terminal, and a line at each quarter elsewhere. It goes to standard
 * error, so that the report alone can be sent into a file.
 */
export class ProgressLine implements Progress {
  readonly #label: string
  readonly #output: NodeJS.WriteStream
  #total = 0
  #done = 0
  #started = 0
  #quarter = 0
  #drawn = 0
  #note = ''

  constructor(label: string, output: NodeJS.WriteStream = process.stderr) {
    this.#label = label
    this.#output = output
  }

  begin(total: number): void {
    this.#total = total
    this.#started = performance.now()
  }

  advance(rows: number): void {
    if (rows === 0) return
    this.#note = ''
    this.#done += rows
    if (this.#output.isTTY) {
      this.#redraw()
      return
    }
    // Few lines only: at each quarter, and none of a run that is over in an instant but the last.
    const quarter = Math.floor((this.#done * 4) / this.#total)
    const now = performance.now()
    if (this.#done < this.#total && (quarter === this.#quarter || now - this.#started < 250)) return
    this.#quarter = quarter
    this.#output.write(`${this.#text()}\n`)
  }

  throttled(waitTime: number): void {
    this.#note = `, waiting ${seconds(waitTime)} for the rate limit`
    if (this.#output.isTTY) this.#redraw()
  }

  end(): void {
    if (this.#output.isTTY) this.#output.write('\r\u001b[2K')
  }

  #redraw(): void {
    const now = performance.now()
    if (now - this.#drawn < 50 && this.#done < this.#total) return
    this.#drawn = now
    this.#output.write(`\r\u001b[2K${this.#text().slice(0, (this.#output.columns || 80) - 1)}`)
  }

  #text(): string {
    const share = this.#total === 0 ? 1 : this.#done / this.#total
    const elapsed = performance.now() - this.#started
    const left = share > 0 && share < 1 ? `, ${seconds((elapsed / share) * (1 - share))} left` : ''
    const filled = Math.round(share * WIDTH)
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled)
    return `${this.#label} ${bar} ${this.#done}/${this.#total}, ${seconds(elapsed)}${left}${this.#note}`
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}
