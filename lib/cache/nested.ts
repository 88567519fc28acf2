// Which calls come from a cache that waits for their answer itself, since a model or a client can be wrapped twice.
//
// The signal that goes with a call of a cache is passed on by whatever is in between, so calls are known by it.

import type { BaseCache } from './base-cache.ts'

const waiting = new WeakMap<AbortSignal, readonly BaseCache[]>()

/** Whether `cache` waits for the answer of a call with this signal, and would wait without end if it were asked again. */
export function isAskedByCache(signal: AbortSignal | undefined, cache: BaseCache): boolean {
  return signal !== undefined && (waiting.get(signal)?.includes(cache) ?? false)
}

/** The signal of a call that `cache` waits for, made on behalf of one that had the signal `outer`. */
export function signalOfCache(signal: AbortSignal, cache: BaseCache, outer: AbortSignal | undefined): AbortSignal {
  const others = outer === undefined ? undefined : waiting.get(outer)
  waiting.set(signal, [...(others ?? []), cache])
  return signal
}
