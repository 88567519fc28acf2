// Answers as the client's own `fetch` would have given them, so that the client makes of them what it always does.

import type { Unkept } from './failures.ts'
import { CACHE_HEADER } from './mark.ts'

/** The headers of an answer that no request was made for. */
export function cachedHeaders(kept: Readonly<Record<string, string>>): [string, string][] {
  return [...Object.entries(kept), [CACHE_HEADER, 'hit']]
}

/** One whose text is there at once: some clients count what it takes to read it towards the call's time. */
export function textResponse(url: string, headers: [string, string][], text: string): Response {
  const response = at(url, new Response(text, { headers }))
  return Object.defineProperties(response, {
    text: { value: async () => text },
    json: { value: async () => JSON.parse(text) },
  })
}

export function streamResponse(url: string, headers: [string, string][], body: ReadableStream<Uint8Array>): Response {
  return at(url, new Response(body, { headers }))
}

/** What was not kept, for each of those who waited for it. */
export function unkeptResponse(url: string, { status, headers, body }: Unkept): Response {
  const isEmpty = status === 204 || status === 304
  return at(url, new Response(isEmpty ? null : body, { status, headers }))
}

function at(url: string, response: Response): Response {
  return Object.defineProperty(response, 'url', { value: url })
}
