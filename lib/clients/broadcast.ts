// A stream that is read once and listened to by any number of callers, each from its beginning and at its own pace.

const ENCODER = new TextEncoder()

/** The events of one stream, each with what parts it from the next. */
export class Broadcast {
  readonly events: string[]
  readonly #listening = new Set<() => void>()
  #isOver: boolean
  #failure: { reason: unknown } | undefined

  /** All of them, if `isOver`. */
  constructor(events: readonly string[] = [], isOver = false) {
    this.events = [...events]
    this.#isOver = isOver
  }

  get isOver(): boolean {
    return this.#isOver
  }

  push(event: string): void {
    this.events.push(event)
    this.#tell()
  }

  end(): void {
    this.#isOver = true
    this.#tell()
  }

  /** Who listens is told the reason after the events there are. */
  fail(reason: unknown): void {
    this.#failure = { reason }
    this.end()
  }

  /**
   * The bytes of a stream, one event at a time. `onEnd` is called once, when nothing is read from it any more: with
   * whether that was before the end.
   */
  listen(signal: AbortSignal, onEnd: (isEarly: boolean) => void): ReadableStream<Uint8Array> {
    let next = 0
    let wake = () => {}
    const stop = (isEarly: boolean) => {
      if (!this.#listening.delete(wakeUp)) return
      signal.removeEventListener('abort', leave)
      onEnd(isEarly)
    }
    const wakeUp = () => wake()
    let controller: ReadableStreamDefaultController<Uint8Array>
    const leave = () => {
      stop(!this.#isOver)
      controller.error(signal.reason)
      wake()
    }
    this.#listening.add(wakeUp)
    const source = {
      start(given: ReadableStreamDefaultController<Uint8Array>) {
        controller = given
        if (signal.aborted) leave()
        else signal.addEventListener('abort', leave, { once: true })
      },
      pull: async () => {
        while (next === this.events.length && !this.#isOver && this.#listening.has(wakeUp)) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
        if (!this.#listening.has(wakeUp)) return
        if (next < this.events.length) {
          controller.enqueue(ENCODER.encode(this.events[next++]))
          return
        }
        stop(false)
        if (this.#failure === undefined) controller.close()
        else controller.error(this.#failure.reason)
      },
      cancel: () => {
        stop(!this.#isOver)
        wake()
      },
    }
    return new ReadableStream(source, { highWaterMark: 0 })
  }

  #tell(): void {
    for (const wakeUp of [...this.#listening]) wakeUp()
  }
}
