// What a client is about to send, as a cache sees it.

import { outOfRange } from '../arguments.ts'
import { keyHeaders } from '../key/headers.ts'
import type { Settings } from './options.ts'
import type { Family, Protocol } from './protocol.ts'
import { SAMPLE_HEADER } from './sample.ts'

/** Headers that say whose account an answer is made for. */
const ACCOUNT_HEADERS = ['openai-organization', 'openai-project', 'anthropic-workspace-id', 'anthropic-user-profile-id']

/** A request to an endpoint whose answers are cached. */
export interface ClientRequest {
  readonly protocol: Protocol
  /** As it is sent. */
  readonly body: Record<string, unknown>
  readonly model: string
  readonly isStreamed: boolean
  readonly sample: number
  /** The part of the key that is the same for many requests. */
  readonly place: Record<string, unknown>
  /** The rest of the key. */
  readonly input: Record<string, unknown>
  /** What the client gave to `fetch`, without its signal and with the headers that are sent. */
  readonly init: RequestInit
}

/** `undefined` for a request that is nothing to cache. */
export function requestOf(
  family: Family,
  settings: Settings,
  url: string,
  init: RequestInit | undefined,
): ClientRequest | undefined {
  if (typeof init?.body !== 'string' || init.method?.toUpperCase() !== 'POST') return undefined
  const target = new URL(url)
  const protocol = family.protocols.find(({ path }) => target.pathname.endsWith(path))
  const body = protocol && bodyOf(init.body)
  if (protocol === undefined || body === undefined || protocol.isStateful?.(body)) return undefined
  const headers = new Headers(init.headers)
  const sample = sampleIn(headers.get(SAMPLE_HEADER)) ?? settings.sample
  headers.delete(SAMPLE_HEADER)
  const { signal: _, ...rest } = init
  const ignored = new Set(settings.ignore ?? protocol.ignored)
  return {
    protocol,
    body,
    model: typeof body.model === 'string' ? body.model : '',
    isStreamed: body.stream === true,
    sample,
    place: placeOf(protocol, settings, target, headers),
    input: Object.fromEntries(Object.entries(body).filter(([name]) => !ignored.has(name))),
    init: { ...rest, headers },
  }
}

function bodyOf(text: string): Record<string, unknown> | undefined {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null && !Array.isArray(body)
      ? (body as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function sampleIn(header: string | null): number | undefined {
  if (header === null) return undefined
  if (!/^\d{1,15}$/.test(header)) throw outOfRange(SAMPLE_HEADER, 'an integer ≥ 0', header)
  return Number(header)
}

function placeOf(
  { path }: Protocol,
  { name, ignoredHeaders }: Settings,
  url: URL,
  sent: Headers,
): Record<string, unknown> {
  const without = name === undefined ? ignoredHeaders : new Set([...ignoredHeaders, ...ACCOUNT_HEADERS])
  const headers = keyHeaders(Object.fromEntries(sent), without)
  if (name !== undefined) return { provider: name, path, query: url.search, headers }
  // Without a name and password that the URL may contain.
  return { url: `${url.protocol}//${url.host}${url.pathname}${url.search}`, headers }
}
