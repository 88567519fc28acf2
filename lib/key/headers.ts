// Which headers of a request its answer may depend on.

import { outOfRange, wrongType } from '../arguments.ts'

/** Headers with credentials, which no key may hold, those that are new for each request, and those of the transport. */
const VOLATILE_HEADER =
  /^accept|^content-(?:type|length)$|^host$|^connection$|auth|api-?key|secret|token|cookie|credential|passw|signature|session|trace|span|baggage|sentry|^b3$|^x-b3|request-?id|correlation-?id|invocation-?id|idempotency|nonce|timestamp|^date$|^user-agent$|^x-stainless|^x-datadog|newrelic/

/** The headers that an answer may depend on, by their names in small letters; `undefined` where there are none. */
export function keyHeaders(
  headers: Readonly<Record<string, string | undefined>> | undefined,
  ignored: ReadonlySet<string>,
): Record<string, string> | undefined {
  const kept: [string, string][] = []
  for (const [name, value] of Object.entries(headers ?? {})) {
    const known = name.toLowerCase()
    if (value !== undefined && !VOLATILE_HEADER.test(known) && !ignored.has(known)) kept.push([known, value])
  }
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

/** The names of headers that a user wants to have ignored. */
export function ignoredHeadersOf(names: unknown): ReadonlySet<string> {
  if (names === undefined) return new Set()
  if (!Array.isArray(names)) throw wrongType('ignoreHeaders', 'an array of names', names)
  return new Set(
    names.map((name, index) => {
      if (typeof name !== 'string') throw wrongType(`ignoreHeaders[${index}]`, 'a string', name)
      if (name === '') throw outOfRange(`ignoreHeaders[${index}]`, 'the name of a header', name)
      return name.toLowerCase()
    }),
  )
}
