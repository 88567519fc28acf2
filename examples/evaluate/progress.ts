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
  #waitsUntil = 0
  #waitShown = Number.NEGATIVE_INFINITY
  #redrawing: NodeJS.Timeout | undefined

  constructor(label: string, output: NodeJS.WriteStream = process.stderr) {
    this.#label = label
    this.#output = output
  }

  begin(total: number): void {
    this.#total = total
    this.#started = performance.now()
    if (!this.#output.isTTY) return
    this.#redrawing = setInterval(() => this.#draw(), 100)
    this.#redrawing.unref()
  }

  advance(rows: number): void {
    this.#done += rows
    if (this.#output.isTTY) return
    // Few lines only: at each quarter, and none of a run that is over in an instant but the last.
    const quarter = Math.floor((this.#done * 4) / this.#total)
    const early = performance.now() - this.#started < 250
    if (quarter === this.#quarter || (early && this.#done < this.#total)) return
    this.#quarter = quarter
    this.#output.write(`${this.#text()}\n`)
  }

  throttled(waitTime: number): void {
    const now = performance.now()
    this.#waitsUntil = now + waitTime
    // Without a word, a run that waits for a minute would seem to hang.
    if (this.#output.isTTY || waitTime < 1000 || now - this.#waitShown < 10_000) return
    this.#waitShown = now
    this.#output.write(`${this.#text()}\n`)
  }

  end(): void {
    clearInterval(this.#redrawing)
    if (this.#output.isTTY) this.#output.write('\r\u001b[2K')
  }

  #draw(): void {
    this.#output.write(`\r\u001b[2K${this.#text().slice(0, (this.#output.columns || 80) - 1)}`)
  }

  #text(): string {
    const share = this.#total === 0 ? 1 : this.#done / this.#total
    const now = performance.now()
    const elapsed = now - this.#started
    const filled = Math.round(share * WIDTH)
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled)
    let outlook = share > 0 && share < 1 ? `, ${seconds((elapsed / share) * (1 - share))} left` : ''
    if (this.#waitsUntil > now) outlook = `, next request in ${seconds(this.#waitsUntil - now)}`
    return `${this.#label} ${bar} ${this.#done}/${this.#total}, ${seconds(elapsed)}${outlook}`
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}
