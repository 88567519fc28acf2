// A client whose requests go through a cache. It is a client of its own class, with the same settings as the one that it
// was made of: only how it sends is replaced, so that everything it makes of an answer stays its own.

import { LONGEST_TIMEOUT, wrongType } from '../arguments.ts'
import { isAskedByCache, signalOfCache } from '../cache/nested.ts'
import { ResponseCache } from '../index.ts'
import { read } from '../values/read.ts'
import { whenAborted } from '../when-aborted.ts'
import { answer } from './answer.ts'
import { responseThatThrows } from './failures.ts'
import { mark } from './mark.ts'
import { type CachedOptions, type Settings, settingsOf } from './options.ts'
import type { Family } from './protocol.ts'
import { type ClientRequest, requestOf } from './request.ts'
import type { Send } from './upstream.ts'
import { Waiting } from './waiting.ts'

/** What the clients of OpenAI and Anthropic have in common, of all majors that are supported. */
interface Client {
  /** Only of Azure's. */
  readonly apiVersion?: unknown
  readonly deploymentName?: unknown
  withOptions(options: object): Client
  post(path: string, options?: unknown): unknown
  fetchWithTimeout(
    url: string,
    init: RequestInit | undefined,
    timeout: number,
    controller: AbortController,
    ...rest: unknown[]
  ): Promise<Response>
}

const METHODS = ['withOptions', 'post', 'fetchWithTimeout'] as const

/** Gives a client of the same class that asks through the cache. */
export function cachedClient(family: Family, client: unknown, options: CachedOptions | undefined): unknown {
  if (METHODS.some((method) => typeof read(client, method) !== 'function')) {
    throw wrongType('client', `a client of the \`${family.package}\` package`, client)
  }
  const settings = settingsOf(options)
  // Whoever waits for an answer decides whether to ask again; retries of the client would multiply with his.
  return redirect(clone(client as Client, { maxRetries: 0 }), family, settings)
}

/** `AzureOpenAI` of openai 6 forgets these two in its `withOptions`, and refuses to be made without them. */
function clone(client: Client, options: object, withOptions = client.withOptions): Client {
  const { apiVersion, deploymentName: deployment } = client
  const forgotten = typeof apiVersion === 'string' ? { apiVersion, deployment } : {}
  return Reflect.apply(withOptions, client, [{ ...forgotten, ...options }])
}

function redirect(client: Client, family: Family, settings: Settings): Client {
  const { withOptions, post, fetchWithTimeout } = client
  replace(client, 'withOptions', (options: object) => redirect(clone(client, options, withOptions), family, settings))
  replace(client, 'post', (path: string, options?: unknown) => {
    const promise = Reflect.apply(post, client, [path, options])
    return family.protocols.some((protocol) => path.endsWith(protocol.path)) ? marking(promise) : promise
  })
  replace(client, 'fetchWithTimeout', async (url, init, timeout, controller, ...rest) => {
    let request: ClientRequest | undefined
    try {
      request = requestOf(family, settings, String(url), init)
    } catch (failure) {
      return responseThatThrows(failure)
    }
    const fetch = (init: RequestInit | undefined, timeout: number, controller: AbortController) =>
      Reflect.apply(fetchWithTimeout, client, [url, init, timeout, controller, ...rest])
    if (request === undefined) return fetch(init, timeout, controller)
    const isNested = isAskedByCache(controller.signal, settings.cache)
    const send: Send = (init, signal) => {
      // Its own: whoever asked first may leave before the others.
      const upstream = new AbortController()
      signal.addEventListener('abort', () => upstream.abort(signal.reason), { once: true })
      signalOfCache(upstream.signal, settings.cache, controller.signal)
      return fetch(init, LONGEST_TIMEOUT, upstream)
    }
    // The caller's signal aborts the call, be it a stream by then.
    const onEnd = whenAborted(init?.signal, (reason) => controller.abort(reason))
    const waiting = new Waiting(controller.signal, timeout)
    try {
      const context = { family, settings: isNested ? uncached(settings) : settings, send }
      return await answer({ context, request, url: String(url), signal: controller.signal, waiting, onEnd })
    } finally {
      waiting.end()
    }
  })
  return client
}

/** For a call of which the same cache waits for the answer already, through another wrapper. */
function uncached(settings: Settings): Settings {
  return { ...settings, cache: new ResponseCache({ mode: 'off' }) }
}

function replace<Name extends (typeof METHODS)[number]>(client: Client, name: Name, method: Client[Name]): void {
  Object.defineProperty(client, name, { value: method, configurable: true, writable: true })
}

/** What clients promise: the answer, and the response it came with. */
interface ApiPromise {
  _thenUnwrap?(transform: (answer: unknown, props: unknown) => unknown): unknown
}

function marking(promise: unknown): unknown {
  const { _thenUnwrap } = promise as ApiPromise
  if (typeof _thenUnwrap !== 'function') return promise
  const transform = (answer: unknown, props: unknown) =>
    mark(answer, read(props, 'response'), read(props, 'controller'))
  return Reflect.apply(_thenUnwrap, promise, [transform])
}
