import type { createLogUpdate } from 'log-update'
import type { Milliseconds } from '../../units.ts'
import type { Lines } from './display.ts'
import type { RunFigures } from './figures.ts'
import { ASCII, barLine, type Glyphs, UNICODE } from './line.ts'
import type { SafeStream } from './safe-stream.ts'

/** A line for each run, at the bottom of a screen, drawn again and again; those that have ended stay above. */
export class TerminalLines implements Lines {
  readonly interval: Milliseconds = 100
  readonly #stream: SafeStream
  readonly #draw: ReturnType<typeof createLogUpdate>
  readonly #glyphs: Glyphs
  /** What the streams of the screen had taken when the lines were last drawn. */
  #written: number

  constructor(stream: SafeStream, draw: ReturnType<typeof createLogUpdate>, isUnicode: boolean) {
    this.#stream = stream
    this.#draw = draw
    this.#glyphs = isUnicode ? UNICODE : ASCII
    this.#written = stream.written
  }

  show(runs: Iterable<RunFigures>): void {
    // More lines than the screen has cannot be drawn over: the first runs are those that end first, more or less.
    const lines = Array.from(runs, (run) => this.#line(run)).slice(0, this.#stream.rows - 1)
    this.#update(() => this.#draw(lines.join('\n')))
  }

  conclude(run: RunFigures): void {
    this.#update(() => this.#draw.persist(this.#line(run)))
  }

  #line(run: RunFigures): string {
    // A full line would make some terminals begin the next one.
    return barLine(run.read(), this.#stream.columns - 1, this.#glyphs)
  }

  #update(draw: () => void): void {
    // Somebody has printed below the lines: they stay where they are, and are drawn anew below that.
    if (this.#stream.written !== this.#written) this.#draw.done()
    draw()
    this.#written = this.#stream.written
  }
}
