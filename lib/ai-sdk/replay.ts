// A stream that was kept, given once more.

import type { Milliseconds } from '../index.ts'
import { whenAborted } from './recording.ts'
import { copied, type LanguageModelStreamPart, markedAsCached } from './sdk.ts'

/** `null` is no wait at all, 0 the shortest that there is. */
export interface ReplayPace {
  readonly initialDelayInMs: Milliseconds | null
  readonly chunkDelayInMs: Milliseconds | null
}

/** The parts, one after the other; the one that ends them says that they were kept. */
export function replay(
  parts: readonly LanguageModelStreamPart[],
  { initialDelayInMs, chunkDelayInMs }: ReplayPace,
  signal: AbortSignal | undefined,
): ReadableStream<LanguageModelStreamPart> {
  let given = 0
  let endWait = () => {}
  let stopListening = () => {}
  const wait = (delay: Milliseconds | null): Promise<void> | undefined => {
    if (delay === null) return undefined
    return new Promise((resolve) => {
      const { clearTimeout } = globalThis
      // Keeps the process alive, because somebody reads the stream and nothing else may.
      const timer = globalThis.setTimeout(resolve, delay)
      endWait = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
  let isOver = false
  const end = () => {
    isOver = true
    stopListening()
    endWait()
  }
  return new ReadableStream<LanguageModelStreamPart>(
    {
      start: (controller) => {
        stopListening = whenAborted(signal, (reason) => {
          end()
          controller.error(reason)
        })
      },
      pull: async (controller) => {
        if (given === parts.length) {
          end()
          return controller.close()
        }
        const pause = wait(given === 0 ? initialDelayInMs : chunkDelayInMs)
        if (pause !== undefined) await pause
        if (isOver) return
        const part = copied(parts[given++] as LanguageModelStreamPart)
        controller.enqueue(part.type === 'finish' ? markedAsCached(part) : part)
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
}
