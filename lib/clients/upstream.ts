// One real request: admitted by the limiter, sent by the client's own means, read to its end, settled and released.

import { SharedStream } from '../cache/shared-stream.ts'
import type { Permit } from '../index.ts'
import type { Milliseconds } from '../units.ts'
import { estimateOf, permitUseOf } from './estimate.ts'
import { eventsOf, fieldsOf, objectOf } from './events.ts'
import type { Exchange } from './exchange.ts'
import { notSent, unkept } from './failures.ts'
import { heed } from './limits.ts'
import type { Settings } from './options.ts'
import type { Family } from './protocol.ts'
import type { ClientRequest } from './request.ts'

/** Sends a request as the client would have, for as long as the signal does not abort. */
export type Send = (init: RequestInit, signal: AbortSignal) => Promise<Response>

export interface Context {
  readonly family: Family
  readonly settings: Settings
  readonly send: Send
}

/** An answer as it is stored: as it came, so that the client reads it as it read the first. */
export interface StoredAnswer {
  readonly headers: Record<string, string>
  /** JSON, or the events of a stream. */
  readonly body: string | readonly string[]
}

/** Headers that belong to the answer. */
const KEPT = ['content-type', 'openai-version', 'request-id', 'x-request-id']
/** Headers that belong to the connection, or describe bytes that are decoded by now. */
const TRANSPORT = new Set(['connection', 'content-encoding', 'content-length', 'keep-alive', 'transfer-encoding'])
/** A connection whose answer is complete is given so long to end, so that it can be used again. */
const LONGEST_END: Milliseconds = 1_000

/** Makes the request, and tells `exchange` how far it has come. */
export async function ask(
  { family, settings, send }: Context,
  request: ClientRequest,
  exchange: Exchange,
  signal: AbortSignal,
): Promise<StoredAnswer> {
  const { limiter, estimateTokens } = settings
  const estimate = limiter && { ...estimateOf(request), ...estimateTokens?.(request.body), signal }
  const permit = await limiter?.acquire(estimate)
  try {
    signal.throwIfAborted()
    exchange.sent.resolve()
    const response = await orNotSent(send(request.init, signal))
    if (limiter !== undefined) heed(limiter, family.limitHeaders, response)
    exchange.headers = [...response.headers].filter(([name]) => !TRANSPORT.has(name))
    if (!response.ok) throw unkept(response.status, exchange.headers, await orNotSent(response.text()))
    const isLive = isStream(request, response)
    if (isLive) exchange.answered.resolve()
    const body = isLive ? await readStream(request, response, exchange) : await readWhole(request, response, exchange)
    exchange.answered.resolve()
    settle(permit, exchange.summary)
    return { headers: Object.fromEntries(exchange.headers.filter(([name]) => KEPT.includes(name))), body }
  } finally {
    permit?.release()
  }
}

function settle(permit: Permit | undefined, answer: object | undefined): void {
  const use = permitUseOf(answer)
  if (use !== undefined) permit?.settle(use)
}

async function orNotSent<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (failure) {
    throw notSent(failure)
  }
}

function isStream({ isStreamed, protocol }: ClientRequest, response: Response): boolean {
  const type = response.headers.get('content-type') ?? ''
  return isStreamed && protocol.summary !== undefined && response.body !== null && !type.includes('json')
}

async function readWhole({ protocol }: ClientRequest, response: Response, exchange: Exchange): Promise<string> {
  const text = await orNotSent(response.text())
  const answer = objectOf(text)
  // What is no JSON is no answer that is known here.
  exchange.summary = Object.keys(answer).length > 0 ? answer : undefined
  exchange.isAnswer = protocol.isAnswer(answer)
  return text
}

/** Hands the events on as they come. */
async function readStream(request: ClientRequest, response: Response, exchange: Exchange): Promise<readonly string[]> {
  const summary = (request.protocol.summary as NonNullable<typeof request.protocol.summary>)()
  const shared = SharedStream.begin<string>()
  exchange.streaming.resolve(shared)
  const events = eventsOf(response.body as unknown as AsyncIterable<unknown>)
  try {
    for (;;) {
      const { done, value: event } = await events.next()
      if (done) break
      const { name, data } = fieldsOf(event)
      if (data !== '') summary.add(name, data)
      if (summary.isOver) {
        exchange.summary = summary.answer
        shared.push(event)
        letEnd(events)
        break
      }
      shared.push(event)
    }
  } catch (failure) {
    throw notSent(failure)
  } finally {
    shared.end()
  }
  return shared.items
}

/** Waits for the end of a body that nothing more is expected of, and for no longer than that is worth. */
function letEnd(events: AsyncGenerator<string, void, void>): void {
  const timer = globalThis.setTimeout(() => void events.return().catch(() => {}), LONGEST_END)
  timer.unref?.()
  const end = () => globalThis.clearTimeout(timer)
  const read = async () => {
    while (!(await events.next()).done);
  }
  read().then(end, end)
}
