// When a provider wants to be asked again, wherever the clients of providers put it.

import { retryAfter } from '../native.ts'
import type { Milliseconds } from '../units.ts'
import { read } from '../values/read.ts'
import { withCauses } from './eval-error.ts'

/** The more exact one first. */
const HEADERS = ['retry-after-ms', 'retry-after'] as const
/** Seconds, or a date, as a property of the error: the AWS SDK, then others. */
const PROPERTIES = ['retryAfterSeconds', 'retryAfter', 'retry_after'] as const

/** How long the failure, or one of its causes, asks to wait. */
export function retryAfterOf(thrown: unknown): Milliseconds | undefined {
  for (const failure of withCauses(thrown)) {
    for (const headers of headersOf(failure)) {
      for (const name of HEADERS) {
        const wait = waitOf(headerOf(headers, name), name)
        if (wait !== undefined) return wait
      }
    }
    for (const name of PROPERTIES) {
      const wait = waitOf(read(failure, name), 'retry-after')
      if (wait !== undefined) return wait
    }
  }
  return undefined
}

/** OpenAI's and Anthropic's clients, and what `fetch` answered; axios; the AI SDK; the AWS SDK. */
function headersOf(failure: unknown): unknown[] {
  return [
    read(failure, 'headers'),
    read(read(failure, 'response'), 'headers'),
    read(failure, 'responseHeaders'),
    read(read(failure, '$response'), 'headers'),
  ].filter((headers) => typeof headers === 'object' && headers !== null)
}

/** Of a `Headers`, a `Map`, or a plain object, whose names can be written in any case. */
function headerOf(headers: unknown, name: string): unknown {
  try {
    const get = read(headers, 'get')
    const found = typeof get === 'function' ? Reflect.apply(get, headers, [name]) : undefined
    if (found !== undefined && found !== null) return found
    const key = Object.keys(headers as object).find((key) => key.toLowerCase() === name)
    return key === undefined ? undefined : read(headers, key)
  } catch {
    return undefined
  }
}

function waitOf(value: unknown, name: string): Milliseconds | undefined {
  const text = textOf(value)
  if (typeof text !== 'string' && typeof text !== 'number') return undefined
  const wait = retryAfter(String(text), name, Date.now())
  return Number.isNaN(wait) ? undefined : wait
}

/** Never throws, whatever somebody calls a time. */
function textOf(value: unknown): unknown {
  try {
    if (value instanceof Date) return value.toUTCString()
    return Array.isArray(value) ? value[0] : value
  } catch {
    return undefined
  }
}
