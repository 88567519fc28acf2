// Which answers no request was made for. Nothing is written into them: they are equal to what the provider gave.

import { read } from '../values/read.ts'

/** In the headers of such an answer. */
export const CACHE_HEADER = 'x-ai-evals-cache'

const CACHED = new WeakSet<object>()

/** Remembers that `answer` came with this response, if no request was made for it. */
export function mark<T>(answer: T, response: unknown, controller: unknown): T {
  if (!isMarked(response)) return answer
  for (const value of [answer, controller]) if (typeof value === 'object' && value !== null) CACHED.add(value)
  return answer
}

/**
 * Whether no request was made for this answer: it was there, or another call was asking for it already. Takes what
 * `create` gave, a stream or a raw `Response`. Of helpers that make a new object of the answer, such as
 * `chat.completions.parse`, the response knows: `withResponse()` gives it.
 */
export function isCached(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null) return false
  const controller = read(answer, 'controller')
  return CACHED.has(answer) || (typeof controller === 'object' && CACHED.has(controller as object)) || isMarked(answer)
}

function isMarked(response: unknown): boolean {
  const headers = read(response, 'headers')
  const get = read(headers, 'get')
  return typeof get === 'function' && Reflect.apply(get, headers, [CACHE_HEADER]) === 'hit'
}
