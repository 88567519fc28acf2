// The stream of a model while it is being read and kept.
//
// Invariant: it is read at the model's pace until it ends, whoever looks at it how fast or not at all, so that nobody who
// waits for the whole can be held up by somebody who looks at the parts.

import { copied, type LanguageModelStreamPart } from './sdk.ts'

type Parts = ReadableStream<LanguageModelStreamPart>

export class Recording {
  /** All parts, once the stream has ended; rejects with what it failed with, or with the reason of `signal`. */
  readonly whole: Promise<LanguageModelStreamPart[]>
  readonly #parts: LanguageModelStreamPart[] = []
  #isOver = false
  /** Wakes whoever looks and has seen all there is. */
  #wake: (() => void) | undefined

  /** `signal` ends the reading, and tells the model so. */
  constructor(stream: Parts, signal: AbortSignal) {
    this.whole = this.#read(stream.getReader(), signal)
    // Whoever waits for it hears of a failure.
    this.whole.catch(() => {})
  }

  /**
   * The parts as they come, for one who looks: copies, since he may change them. It ends when `settled` resolves, or
   * fails with it. `signal` makes it fail with its reason at once, and `onCancel` is told when he turns away.
   */
  look(settled: Promise<unknown>, signal: AbortSignal | undefined, onCancel: (reason: unknown) => void): Parts {
    let seen = 0
    let isOver = false
    let stopListening = () => {}
    const end = (act: () => void) => {
      if (isOver) return
      isOver = true
      stopListening()
      act()
    }
    return new ReadableStream<LanguageModelStreamPart>(
      {
        start: (controller) => {
          stopListening = whenAborted(signal, (reason) => end(() => controller.error(reason)))
        },
        pull: async (controller) => {
          while (seen === this.#parts.length && !this.#isOver) await this.#more()
          if (isOver) return
          if (seen < this.#parts.length)
            return controller.enqueue(copied(this.#parts[seen++] as LanguageModelStreamPart))
          await settled.then(
            () => end(() => controller.close()),
            (failure) => end(() => controller.error(failure)),
          )
        },
        cancel: (reason) => end(() => onCancel(reason)),
      },
      { highWaterMark: 0 },
    )
  }

  async #read(reader: ReadableStreamDefaultReader<LanguageModelStreamPart>, signal: AbortSignal) {
    let stop: { reason: unknown } | undefined
    const stopListening = whenAborted(signal, (reason) => {
      stop = { reason }
      // Ends a read that is waiting, too. What the model makes of it is its own affair.
      reader.cancel(reason).catch(() => {})
    })
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (stop !== undefined) throw stop.reason
        if (done) return this.#parts
        this.#parts.push(value as LanguageModelStreamPart)
        this.#wake?.()
      }
    } finally {
      stopListening()
      this.#isOver = true
      this.#wake?.()
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

/** Calls `act` with the reason when the signal aborts, or at once if it has. Returns what ends the listening. */
export function whenAborted(signal: AbortSignal | undefined, act: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {}
  if (signal.aborted) {
    act(signal.reason)
    return () => {}
  }
  const listener = () => act(signal.reason)
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}
