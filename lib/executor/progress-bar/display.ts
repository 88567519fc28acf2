import isUnicodeSupported from 'is-unicode-supported'
import { createLogUpdate } from 'log-update'
import type { Milliseconds } from '../../units.ts'
import { type Progress, RunFigures, type Throttle } from './figures.ts'
import { PlainLines } from './plain-lines.ts'
import { SafeStream } from './safe-stream.ts'
import { TerminalLines } from './terminal-lines.ts'

/** How the runs that there are now get before somebody's eyes. */
export interface Lines {
  /** How often `show` is wanted. */
  readonly interval: Milliseconds
  show(runs: Iterable<RunFigures>): void
  /** The last of a run, which is no longer among those shown. */
  conclude(run: RunFigures): void
}

/** The runs of one executor. A timer shows them, which is there only while there are any. */
export class Display {
  readonly #label: string
  readonly #lines: Lines
  /** By the number that the executor gave each. */
  readonly #runs = new Map<unknown, RunFigures>()
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(stream: NodeJS.WritableStream, label: string) {
    this.#label = label
    const safe = new SafeStream(stream)
    const isScreen = safe.isTTY && process.env.TERM !== 'dumb'
    this.#lines = isScreen
      ? new TerminalLines(safe, createLogUpdate(safe as any, { showCursor: true }), isUnicodeSupported())
      : new PlainLines(safe)
  }

  begin(run: unknown, total: number | undefined): RunFigures {
    const figures = new RunFigures(this.#label, total)
    this.#runs.set(run, figures)
    if (this.#timer === undefined) {
      this.#timer = globalThis.setInterval(() => this.#lines.show(this.#runs.values()), this.#lines.interval)
      this.#timer.unref?.()
    }
    return figures
  }

  advance(run: unknown, progress: Progress): void {
    this.#find(run).advance(progress)
  }

  wait(run: unknown, throttle: Throttle): void {
    this.#find(run).wait(throttle)
  }

  end(run: unknown, hasFailed: boolean): void {
    const figures = this.#runs.get(run)
    if (figures === undefined) return
    figures.end(hasFailed)
    this.#conclude(run, figures)
  }

  stop(): void {
    for (const [run, figures] of this.#runs) this.#conclude(run, figures)
  }

  /** A run that had begun before somebody wanted to see it is shown from its next event on. */
  #find(run: unknown): RunFigures {
    return this.#runs.get(run) ?? this.begin(run, undefined)
  }

  #conclude(run: unknown, figures: RunFigures): void {
    this.#runs.delete(run)
    this.#lines.conclude(figures)
    if (this.#runs.size > 0) {
      this.#lines.show(this.#runs.values())
      return
    }
    globalThis.clearInterval(this.#timer)
    this.#timer = undefined
  }
}
