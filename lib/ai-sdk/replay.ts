// A stream that was kept, given once more.

import { SharedStream } from '../cache/shared-stream.ts'
import type { Milliseconds } from '../index.ts'
import { copied, type LanguageModelStreamPart, markedAsCached } from './sdk.ts'

/** `null` is no wait at all, 0 the shortest that there is. */
export interface ReplayPace {
  readonly initialDelayInMs: Milliseconds | null
  readonly chunkDelayInMs: Milliseconds | null
}

/** The parts, one after the other. */
export function replay(
  parts: readonly LanguageModelStreamPart[],
  { initialDelayInMs, chunkDelayInMs }: ReplayPace,
  signal: AbortSignal | undefined,
): ReadableStream<LanguageModelStreamPart> {
  let endWait = () => {}
  const pause = (index: number): Promise<void> | undefined => {
    const delay = index === 0 ? initialDelayInMs : chunkDelayInMs
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
  const settled = Promise.resolve()
  return SharedStream.of(parts).listen({ give: givenAgain, pause, settled, signal, onEnd: () => endWait() })
}

/** A part for one who did not ask the model; the one that ends the stream says so. */
export function givenAgain(part: LanguageModelStreamPart): LanguageModelStreamPart {
  const copy = copied(part)
  return copy.type === 'finish' ? markedAsCached(copy) : copy
}
