import type { Milliseconds } from '../../units.ts'
import type { Lines } from './display.ts'
import type { Figures, RunFigures } from './figures.ts'
import { plainLine } from './line.ts'
import type { SafeStream } from './safe-stream.ts'

/** Of one run no more often. */
const SHORTEST_PAUSE: Milliseconds = 5_000
/** Without a word for longer, a run would seem to hang. */
const LONGEST_PAUSE: Milliseconds = 60_000

/** A plain line now and then, for a file or a log. */
export class PlainLines implements Lines {
  readonly interval: Milliseconds = 1_000
  readonly #stream: SafeStream
  readonly #last = new WeakMap<RunFigures, { at: Milliseconds; tenths: number; waits: boolean }>()

  constructor(stream: SafeStream) {
    this.#stream = stream
  }

  show(runs: Iterable<RunFigures>): void {
    const now = performance.now()
    for (const run of runs) {
      const figures = run.read()
      const last = this.#last.get(run) ?? { at: now, tenths: 0, waits: false }
      const next = { at: now, tenths: tenthsOf(figures), waits: (figures.wait?.left ?? 0) > SHORTEST_PAUSE }
      const pause = now - last.at
      const isNews = next.tenths > last.tenths || (next.waits && !last.waits)
      if (pause >= LONGEST_PAUSE || (pause >= SHORTEST_PAUSE && isNews)) {
        this.#last.set(run, next)
        this.#print(figures)
      } else {
        this.#last.set(run, { ...last, waits: last.waits && next.waits })
      }
    }
  }

  conclude(run: RunFigures): void {
    this.#print(run.read())
  }

  #print(figures: Figures): void {
    this.#stream.write(`${plainLine(figures)}\n`)
  }
}

function tenthsOf({ done, total }: Figures): number {
  return total === undefined || total === 0 ? 0 : Math.floor((10 * done) / total)
}
