// A call's way to its answer: through the cache, and by a real request only where nobody has made it yet.

import { isWhole } from '../cache/admission.ts'
import { type CallOptions, ON_CALL } from '../cache/get-or-set.ts'
import { SharedStream } from '../cache/shared-stream.ts'
import type { GetOrSetOptions, TokenUsage } from '../index.ts'
import { answerEmbeddings } from './embeddings.ts'
import { tokenUsageOf } from './estimate.ts'
import { type Exchange, exchangeOf } from './exchange.ts'
import { isNotSent, isUnkept, responseThatThrows } from './failures.ts'
import type { ClientRequest } from './request.ts'
import { cachedHeaders, streamResponse, textResponse, unkeptResponse } from './response.ts'
import { ask, type Context, type StoredAnswer } from './upstream.ts'
import type { Waiting } from './waiting.ts'

const ENCODER = new TextEncoder()
const EVENT_STREAM = { 'content-type': 'text/event-stream' }

/** One call of a client's `fetch`. */
export interface Call {
  readonly context: Context
  readonly request: ClientRequest
  readonly url: string
  /** The client's own: of a stream that was given, it says when nobody wants more. */
  readonly signal: AbortSignal
  readonly waiting: Waiting
  /** The call is over, and with it the stream that it gave. */
  readonly onEnd: () => void
}

/** The answer, as a response; a failure in the form in which the client hands it on. */
export async function answer(call: Call): Promise<Response> {
  const { request, url, waiting, onEnd } = call
  try {
    return await (request.protocol.summary === undefined ? answerEmbeddings(call) : answerOne(call))
  } catch (failure) {
    onEnd()
    if (waiting.signal.aborted) throw waiting.signal.reason
    if (isUnkept(failure)) return unkeptResponse(url, failure)
    if (isNotSent(failure)) throw failure.cause
    return responseThatThrows(failure)
  }
}

async function answerOne(call: Call): Promise<Response> {
  const { context, request, url, signal, waiting, onEnd } = call
  let own: Exchange | undefined
  let onStream!: (shared: SharedStream<string>) => void
  const streaming = new Promise<SharedStream<string>>((resolve) => {
    onStream = resolve
  })
  const fetch = (flight: AbortSignal) => {
    own = exchangeOf(flight)
    return ask(context, request, own, flight)
  }
  const onCall = (flight: AbortSignal) => {
    const exchange = exchangeOf(flight)
    waiting.follow(exchange)
    exchange.streaming.promise.then(onStream)
  }
  const options = fetchOptions(call, () => own, onCall)
  const answered = context.settings.cache.getOrSet<StoredAnswer>(request.input, request.place, fetch, options)
  const found = await Promise.race([answered, streaming])
  const isLive = found instanceof SharedStream
  const headers = own?.headers ?? cachedHeaders(isLive ? EVENT_STREAM : found.headers)
  if (!isLive && typeof found.body === 'string') {
    onEnd()
    return textResponse(url, headers, found.body)
  }
  const shared = isLive ? found : SharedStream.of([(found.body as readonly string[]).join('')])
  const body = shared.listen({
    give: (event) => ENCODER.encode(event),
    settled: answered.catch((failure) => {
      throw isNotSent(failure) ? failure.cause : failure
    }),
    signal,
    onEnd: (isEarly) => {
      onEnd()
      if (isEarly) waiting.leave()
    },
  })
  return streamResponse(url, headers, body)
}

function isKept(exchange: Exchange | undefined): boolean {
  return exchange?.summary !== undefined && exchange.isAnswer && isWhole(exchange.summary)
}

function fetchOptions(
  { context, request, waiting }: Call,
  own: () => Exchange | undefined,
  onCall: (flight: AbortSignal) => void,
): GetOrSetOptions<StoredAnswer> & CallOptions {
  const { ttl, cost } = context.settings
  const usage = () => tokenUsageOf(own()?.summary)
  return {
    sample: request.sample,
    signal: waiting.signal,
    ...(ttl !== undefined && { ttl }),
    usage,
    cost: () => cost?.(usage() ?? ({} as TokenUsage), request.model),
    shouldStore: () => isKept(own()),
    [ON_CALL]: onCall,
  }
}
