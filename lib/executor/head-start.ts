/** For so many turns of the microtask queue whoever takes results may be busy with one. */
const PATIENCE = 10
const TURN = Promise.resolve()

/**
 * Lets whoever takes results go first. Tasks that end at once would otherwise fill the whole window before the second
 * result is taken, and it would stay full: a thousand results that grow old, in memory as well.
 *
 * Where results lie ready, nothing more is read while they are being taken, one in a few turns of the microtask queue.
 * Once nobody has taken any for some turns, the window is filled.
 */
export class HeadStart {
  readonly #over: () => void
  /** How many turns nobody has taken anything, of those that were looked at. */
  #idleTurns = 0
  #isWatching = false

  /** `over` is called when reading may go on. */
  constructor(over: () => void) {
    this.#over = over
  }

  /** Whoever takes results is at it. */
  taken(): void {
    this.#idleTurns = 0
  }

  /** Whether `ready` results are enough for now. */
  isGiven(ready: number, enough: number): boolean {
    if (ready < enough || this.#idleTurns === PATIENCE) return false
    if (!this.#isWatching) {
      this.#isWatching = true
      void TURN.then(this.#watch)
    }
    return true
  }

  readonly #watch = (): void => {
    this.#isWatching = false
    if (this.#idleTurns < PATIENCE) this.#idleTurns++
    // Asks again whether the head start is given, where there is still something to read.
    this.#over()
  }
}
