// A stream that is read once and listened to by any number of callers, each from its beginning and at his own pace.
//
// Invariant: whoever reads it pushes at the pace of its source; no listener keeps another or the reading waiting.

import { type Deferred, deferred } from '../deferred.ts'
import { whenAborted } from '../when-aborted.ts'

/** How one caller listens. */
export interface Listener<Item, Given> {
  /** What he gets of an item. */
  readonly give: (item: Item) => Given
  /** What he waits for before an item, by its place. */
  readonly pause?: (index: number) => Promise<void> | undefined
  /** When the items are at their end: his stream closes when this resolves, and fails as this does. */
  readonly settled: Promise<unknown>
  /** Makes his stream fail with its reason at once. */
  readonly signal?: AbortSignal | undefined
  /** Called once, when he reads nothing any more; `isEarly` if there was more to come from the source. */
  readonly onEnd: (isEarly: boolean, reason: unknown) => void
}

export class SharedStream<Item> {
  readonly items: readonly Item[]
  #isOver: boolean
  /** For those who have seen all there is. */
  #more: Deferred<void> | undefined

  private constructor(items: readonly Item[], isOver: boolean) {
    this.items = items
    this.#isOver = isOver
  }

  /** One that is being read. */
  static begin<Item>(): SharedStream<Item> {
    return new SharedStream<Item>([], false)
  }

  /** One that is at its end already. */
  static of<Item>(items: readonly Item[]): SharedStream<Item> {
    return new SharedStream(items, true)
  }

  push(item: Item): void {
    ;(this.items as Item[]).push(item)
    this.#tell()
  }

  /** Nothing more comes, be it that the source failed. */
  end(): void {
    this.#isOver = true
    this.#tell()
  }

  listen<Given>({ give, pause, settled, signal, onEnd }: Listener<Item, Given>): ReadableStream<Given> {
    let next = 0
    let hasEnded = false
    let stopListening = () => {}
    const end = (reason?: unknown) => {
      if (hasEnded) return false
      hasEnded = true
      stopListening()
      onEnd(!this.#isOver, reason)
      return true
    }
    // He may turn away before he hears of a failure.
    settled.catch(() => {})
    return new ReadableStream<Given>(
      {
        start: (controller) => {
          stopListening = whenAborted(signal, (reason) => {
            if (end(reason)) controller.error(reason)
          })
        },
        pull: async (controller) => {
          while (next === this.items.length && !this.#isOver && !hasEnded) await this.#next()
          if (next < this.items.length) {
            await pause?.(next)
            if (!hasEnded) controller.enqueue(give(this.items[next++] as Item))
            return
          }
          await settled.then(
            () => end() && controller.close(),
            (failure) => end() && controller.error(failure),
          )
        },
        cancel: (reason) => void end(reason),
      },
      { highWaterMark: 0 },
    )
  }

  #next(): Promise<void> {
    this.#more ??= deferred()
    return this.#more.promise
  }

  #tell(): void {
    const more = this.#more
    this.#more = undefined
    more?.resolve()
  }
}
