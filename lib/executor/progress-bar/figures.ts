import type { Milliseconds } from '../../units.ts'

/** What an executor tells of a run in `'progress'`. Only the first two are always there. */
export interface Progress {
  readonly completed: number
  readonly failed: number
  readonly total?: number
  readonly inFlight?: number
  readonly waiting?: number
  /** Tasks a second. */
  readonly rate?: number
  readonly eta?: Milliseconds
}

/** What an executor tells in `'throttle'`. */
export interface Throttle {
  readonly reason: string
  readonly waitTime: Milliseconds
  readonly key?: string
}

/** One run as it is shown. */
export interface Figures {
  readonly label: string
  readonly done: number
  readonly failed: number
  readonly total: number | undefined
  readonly inFlight: number | undefined
  readonly rate: number | undefined
  readonly left: Milliseconds | undefined
  readonly wait: { readonly reason: string; readonly key: string; readonly left: Milliseconds } | undefined
  /** How long it took, once it has ended. */
  readonly took: Milliseconds | undefined
  readonly hasFailed: boolean
}

/** A wait that is over sooner is no news. */
const SHORTEST_WAIT: Milliseconds = 1_000

/** What is known of a run, and when that was told, so that the times left count down between two events. */
export class RunFigures {
  readonly #label: string
  readonly #begun = performance.now()
  #progress: Progress
  #told: Milliseconds = this.#begun
  #wait: { reason: string; key: string; until: Milliseconds } | undefined
  #ended: { at: Milliseconds; hasFailed: boolean } | undefined

  constructor(label: string, total: number | undefined) {
    this.#label = label
    this.#progress = { completed: 0, failed: 0, total }
  }

  advance(progress: Progress): void {
    this.#progress = progress
    this.#told = performance.now()
    // Nobody knows when a place with a limiter of somebody else's becomes free; something has started since.
    if (progress.waiting === 0 || this.#wait?.until === Number.POSITIVE_INFINITY) this.#wait = undefined
  }

  wait({ reason, waitTime, key }: Throttle): void {
    if (waitTime < SHORTEST_WAIT) return
    this.#wait = {
      reason: String(reason),
      key: key === undefined ? '' : String(key),
      until: performance.now() + waitTime,
    }
  }

  end(hasFailed: boolean): void {
    this.#ended = { at: performance.now(), hasFailed }
  }

  read(): Figures {
    const now = performance.now()
    const { completed, failed, total, inFlight, rate, eta } = this.#progress
    const wait = this.#wait
    const isRunning = this.#ended === undefined
    return {
      label: this.#label,
      done: completed,
      failed,
      total: finite(total),
      inFlight: isRunning ? finite(inFlight) : undefined,
      rate: isRunning ? finite(rate) : undefined,
      left: isRunning && finite(eta) !== undefined ? Math.max(0, (eta as number) - (now - this.#told)) : undefined,
      wait: isRunning && wait !== undefined && wait.until > now ? { ...wait, left: wait.until - now } : undefined,
      took: this.#ended && this.#ended.at - this.#begun,
      hasFailed: this.#ended?.hasFailed ?? false,
    }
  }
}

function finite(value: number | undefined): number | undefined {
  return Number.isFinite(value) ? value : undefined
}
