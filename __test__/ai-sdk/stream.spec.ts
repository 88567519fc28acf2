// Answers of language models that are streamed.

import { ResponseCache } from '@aah/ai-evals-performance'
import { type CacheMiddlewareOptions, cacheMiddleware, cacheOptions } from '@aah/ai-evals-performance/ai-sdk'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { settled } from '../helpers/deferred.ts'
import { all, asking, CACHED, partsSaying, STOP, type StreamPart, sdks, USAGE } from './sdks.ts'

/** A stream that the test feeds, and that says what became of it. */
class Upstream {
  readonly stream: ReadableStream<StreamPart>
  cancelled: unknown
  #controller!: ReadableStreamDefaultController<StreamPart>

  constructor() {
    this.stream = new ReadableStream<StreamPart>({
      start: (controller) => {
        this.#controller = controller
      },
      cancel: (reason) => {
        this.cancelled = reason
      },
    })
  }

  give(...parts: StreamPart[]): void {
    for (const part of parts) this.#controller.enqueue(part)
  }

  end(): void {
    this.#controller.close()
  }

  fail(error: unknown): void {
    this.#controller.error(error)
  }
}

/** The part with the word that ends a stream, as the cache gives it. */
const marked = (parts: StreamPart[]) =>
  parts.map((part) =>
    part.type === 'finish' ? { ...part, providerMetadata: { ...part.providerMetadata, ...CACHED } } : part,
  )

describe.each(sdks)('AI SDK $version', ({ ai, LanguageModel }) => {
  const { simulateReadableStream, streamObject, streamText, wrapLanguageModel } = ai

  /** A model that streams what `next` gives, and the same one with a cache before it. */
  function models(next: () => ReadableStream<StreamPart>, options: CacheMiddlewareOptions = {}) {
    const more = { request: { body: 'asked' }, response: { headers: { 'x-id': '1' } } }
    const inner = new LanguageModel({ doStream: async () => ({ stream: next(), ...more }) })
    const cache = options.cache ?? new ResponseCache()
    const model = wrapLanguageModel({ model: inner, middleware: cacheMiddleware({ cache, ...options }) })
    const ask = async (call: object = {}) => (await model.doStream(asking('a', call))).stream
    return { model, cache, ask, calls: inner.doStreamCalls }
  }

  /** A model whose streams the test feeds. */
  function fed(options?: CacheMiddlewareOptions) {
    const upstreams: Upstream[] = []
    const next = () => {
      const upstream = new Upstream()
      upstreams.push(upstream)
      return upstream.stream
    }
    return { ...models(next, options), upstreams }
  }

  const simulated = (parts: StreamPart[]) => () =>
    simulateReadableStream({ chunks: parts, initialDelayInMs: null, chunkDelayInMs: null })

  test('a text is streamed once; then the same parts come from the cache, and say so', async () => {
    const parts = partsSaying(['It ', 'is ', '42.'])
    const { model, calls, cache } = models(simulated(parts))
    const run = async () => {
      const result = streamText({ model, prompt: 'What is 6 × 7?' })
      const words: string[] = []
      for await (const word of result.textStream) words.push(word)
      return { words, usage: await result.usage, metadata: await result.providerMetadata }
    }
    const first = await run()
    expect(first).toMatchObject({ words: ['It ', 'is ', '42.'], metadata: undefined })
    expect(await run()).toEqual({ ...first, metadata: CACHED })
    expect(calls).toHaveLength(1)
    expect(cache.getStats().savings.tokens).toBe(15)
  })

  test('objects are streamed once', async () => {
    const { model, calls } = models(simulated(partsSaying(['{"answer"', ':42}'])))
    for (let time = 0; time < 2; time++) {
      const result = streamObject({ model, schema: z.object({ answer: z.number() }), prompt: 'What is 6 × 7?' })
      expect((await all(result.partialObjectStream as any)).at(-1)).toEqual({ answer: 42 })
      expect(await result.object).toEqual({ answer: 42 })
    }
    expect(calls).toHaveLength(1)
  })

  test('who asked the model sees each part as it comes, and the rest of what it gave', async () => {
    const { model, upstreams } = fed()
    const { stream, ...rest } = await model.doStream(asking('a'))
    expect(rest).toEqual({ request: { body: 'asked' }, response: { headers: { 'x-id': '1' } } })
    const reader = stream.getReader()
    const [upstream] = upstreams as [Upstream]
    const parts = partsSaying(['yes'])
    for (const part of parts) {
      upstream.give(part)
      expect(await reader.read()).toEqual({ done: false, value: part })
    }
    upstream.end()
    expect(await reader.read()).toEqual({ done: true })
  })

  test('when a stream has ended, its answer is kept', async () => {
    const { ask, cache } = models(simulated(partsSaying(['yes'])))
    expect(await all(await ask())).toEqual(partsSaying(['yes']))
    expect(cache.getStats().entries).toBe(1)
  })

  test('parts, whatever they are, come again as they came', async () => {
    const json = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null)))
    const metadata = fc.option(fc.record({ test: json }), { nil: undefined })
    const part: fc.Arbitrary<any> = fc.oneof(
      fc.record({ type: fc.constant('text-delta'), id: fc.string(), delta: fc.string(), providerMetadata: metadata }),
      fc.record({ type: fc.constant('reasoning-delta'), id: fc.string(), delta: fc.string({ unit: 'binary' }) }),
      fc.record({ type: fc.constant('tool-input-delta'), id: fc.string(), delta: fc.string() }),
      fc.record({ type: fc.constant('file'), mediaType: fc.string(), data: fc.uint8Array() }),
      fc.record({ type: fc.constant('response-metadata'), id: fc.string(), timestamp: fc.date() }),
      fc.record({ type: fc.constant('raw'), rawValue: fc.anything({ withDate: true, withMap: true, withSet: true }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part), metadata, async (some, providerMetadata) => {
        const parts = [...some, { type: 'finish', finishReason: STOP, usage: USAGE, providerMetadata }]
        const { ask, calls } = models(simulated(parts))
        expect(await all(await ask())).toEqual(parts)
        expect(await all(await ask())).toEqual(marked(parts))
        expect(calls).toHaveLength(1)
      }),
      { numRuns: 50 },
    )
  })

  test('who changes a part changes his own only', async () => {
    const { ask } = models(simulated(partsSaying(['as it was'])))
    for (let time = 0; time < 3; time++) {
      const parts = await all(await ask())
      expect(parts[3]).toEqual({ type: 'text-delta', id: '1', delta: 'as it was' })
      for (const part of parts) Object.assign(part, { type: 'changed', delta: 'changed' })
    }
  })

  test.each<[string, StreamPart[]]>([
    ['was cut off by a limit', partsSaying(['I'], { unified: 'length', raw: 'length' })],
    ['was filtered', partsSaying(['I'], { unified: 'content-filter', raw: 'safety' })],
    ['nobody knows the end of', partsSaying(['I'], { unified: 'other', raw: undefined })],
    ['just stops', partsSaying(['I']).slice(0, -1)],
    ['is empty', []],
    ['has an error in it', [{ type: 'error', error: new Error('no') }, ...partsSaying(['I'])]],
  ])('a stream that %s is seen, and not kept unless that is asked for', async (_, parts) => {
    const { ask, calls, cache } = models(simulated(parts))
    expect(await all(await ask())).toEqual(parts)
    expect(await all(await ask())).toEqual(parts)
    expect([calls.length, cache.getStats().entries]).toEqual([2, 0])
    const keeping = models(simulated(parts), { shouldStore: () => true })
    await all(await keeping.ask())
    expect(await all(await keeping.ask())).toEqual(marked(parts))
    expect(keeping.calls).toHaveLength(1)
  })

  test('a stream that fails shows what came before, then its error, and is not kept', async () => {
    const { ask, upstreams, cache } = fed()
    const first = await ask()
    const second = ask()
    const error = new Error('connection lost')
    const [upstream] = upstreams as [Upstream]
    upstream.give({ type: 'text-start', id: '1' })
    const reader = first.getReader()
    expect(await reader.read()).toMatchObject({ value: { type: 'text-start' } })
    upstream.fail(error)
    await expect(reader.read()).rejects.toBe(error)
    await expect(all(await second)).rejects.toBe(error)
    expect(cache.getStats().entries).toBe(0)
    expect(upstreams).toHaveLength(1)
  })

  test('a model that does not even begin fails for all who wait', async () => {
    const error = new Error('refused')
    const doStream = vi.fn(() => Promise.reject(error))
    const inner = new LanguageModel({ doStream })
    const model = wrapLanguageModel({ model: inner, middleware: cacheMiddleware({ cache: new ResponseCache() }) })
    const asked = [model.doStream(asking('a')), model.doStream(asking('a'))]
    for (const call of asked) await expect(call).rejects.toBe(error)
    expect(doStream).toHaveBeenCalledOnce()
  })

  test('who asks while it is streamed sees each part as it comes too, from the beginning and at his own pace', async () => {
    const { ask, model, upstreams, cache } = fed()
    const [first, second] = [await ask(), await ask()].map((stream) => stream.getReader())
    const parts = partsSaying(['a', 'b'])
    const seen: StreamPart[] = []
    for (const part of parts.slice(0, 4)) {
      upstreams[0]!.give(part)
      for (const reader of [first, second]) expect(await reader!.read()).toEqual({ done: false, value: part })
    }
    const late = await model.doStream(asking('a'))
    expect(late.request).toBeUndefined()
    const reader = late.stream.getReader()
    for (let count = 0; count < 4; count++) seen.push((await reader.read()).value!)
    expect(seen).toEqual(parts.slice(0, 4))
    Object.assign(seen[3]!, { delta: 'changed' })
    upstreams[0]!.give(...parts.slice(4))
    upstreams[0]!.end()
    for (let next = await reader.read(); !next.done; next = await reader.read()) seen.push(next.value)
    expect(seen.slice(4)).toEqual(marked(parts).slice(4))
    expect(await all(await ask())).toEqual(marked(parts))
    expect([upstreams.length, cache.getStats().entries]).toEqual([1, 1])
    expect(await second!.read()).toEqual({ done: false, value: parts[4] })
  })

  test('equal streams at once are one; the others get it whole, though the first is not read', async () => {
    const { ask, upstreams } = fed()
    const first = await ask()
    const others = [ask(), ask()]
    await settled()
    const [upstream] = upstreams as [Upstream]
    const parts = partsSaying(Array.from({ length: 100 }, (_, index) => `${index} `))
    upstream.give(...parts)
    upstream.end()
    for (const other of others) expect(await all(await other)).toEqual(marked(parts))
    expect(upstreams).toHaveLength(1)
    expect(await all(first)).toEqual(parts)
  })

  test('the first of them may turn away, and the others get it even so', async () => {
    const { ask, upstreams, calls } = fed()
    const first = await ask()
    const other = ask()
    await settled()
    await first.cancel('enough')
    const [upstream] = upstreams as [Upstream]
    expect(upstream.cancelled).toBeUndefined()
    expect(calls[0]!.abortSignal!.aborted).toBe(false)
    upstream.give(...partsSaying(['yes']))
    upstream.end()
    expect(await all(await other)).toEqual(marked(partsSaying(['yes'])))
  })

  test('when nobody is left the model is told, and nothing is kept', async () => {
    const { ask, upstreams, calls, cache } = fed()
    const leaving = new AbortController()
    const first = await ask()
    const other = await ask({ abortSignal: leaving.signal })
    leaving.abort(new Error('too long'))
    await expect(all(other)).rejects.toThrow('too long')
    expect(calls[0]!.abortSignal!.aborted).toBe(false)
    await first.cancel('enough')
    await settled()
    expect(calls[0]!.abortSignal!.aborted).toBe(true)
    expect(upstreams[0]!.cancelled).toBe('enough')
    expect(cache.getStats().entries).toBe(0)
    const again = await ask()
    upstreams[1]!.give(...partsSaying(['yes']))
    upstreams[1]!.end()
    expect(await all(again)).toEqual(partsSaying(['yes']))
  })

  test('who aborts while he reads is told at once', async () => {
    const { model, upstreams } = fed()
    const leaving = new AbortController()
    const seen: string[] = []
    const result = streamText({
      model,
      prompt: 'a',
      abortSignal: leaving.signal,
      onAbort: () => void seen.push('abort'),
    })
    const reading = (async () => {
      for await (const word of result.textStream) seen.push(word)
    })()
    while (upstreams.length === 0) await settled()
    upstreams[0]!.give(...partsSaying(['yes']).slice(0, 4))
    while (seen.length === 0) await settled()
    leaving.abort()
    await reading
    expect(seen).toEqual(['yes', 'abort'])
    expect(upstreams[0]!.cancelled).toMatchObject({ name: 'AbortError' })
  })

  test('who aborts after the model has ended, and has not read all of it, is told so too', async () => {
    const leaving = new AbortController()
    const { ask, upstreams, cache } = fed()
    const reader = (await ask({ abortSignal: leaving.signal })).getReader()
    upstreams[0]!.give(...partsSaying(['yes']))
    upstreams[0]!.end()
    await settled()
    expect(cache.getStats().entries).toBe(1)
    await reader.read()
    leaving.abort(new Error('over'))
    await expect(reader.read()).rejects.toThrow('over')
  })

  test('an abort before the call asks nobody', async () => {
    const { ask, calls } = fed()
    const reason = new Error('over')
    await expect(ask({ abortSignal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(calls).toHaveLength(0)
  })

  test('a signal that outlives its calls is left without listeners', async () => {
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, 'addEventListener')
    const remove = vi.spyOn(signal, 'removeEventListener')
    const { ask } = models(simulated(partsSaying(['yes'])))
    for (let time = 0; time < 3; time++) await all(await ask({ abortSignal: signal }))
    expect(add.mock.calls.length).toBeGreaterThan(0)
    expect(remove.mock.calls.length).toBe(add.mock.calls.length)
  })

  test('a function of the user that fails ends the stream with its error', async () => {
    const error = new Error('mine')
    const shouldStore = () => {
      throw error
    }
    const { ask } = models(simulated(partsSaying(['yes'])), { shouldStore })
    await expect(all(await ask())).rejects.toBe(error)
  })

  test('a call can go past the cache, and samples are told apart', async () => {
    const { ask, calls, cache } = models(simulated(partsSaying(['yes'])))
    await all(await ask({ providerOptions: cacheOptions({ skip: true }) }))
    expect(cache.getStats().entries).toBe(0)
    await all(await ask({ providerOptions: cacheOptions({ sample: 1 }) }))
    await all(await ask())
    await all(await ask({ providerOptions: cacheOptions({ sample: 1 }) }))
    expect(calls).toHaveLength(3)
  })

  test('a replay takes as long as it is told', async () => {
    const { ask, calls } = models(simulated(partsSaying(['a', 'b'])), { initialDelayInMs: 500, chunkDelayInMs: 20 })
    await all(await ask())
    vi.useFakeTimers()
    try {
      const reader = (await ask()).getReader()
      const times: number[] = []
      const begun = Date.now()
      const reading = (async () => {
        while (!(await reader.read()).done) times.push(Date.now() - begun)
      })()
      await vi.advanceTimersByTimeAsync(1_000)
      await reading
      expect(times).toEqual([500, 520, 540, 560, 580, 600, 620])
      expect(calls).toHaveLength(1)
    } finally {
      vi.useRealTimers()
    }
  })

  test.each(['cancelled', 'aborted'])('a replay that is %s leaves no timer', async (how) => {
    const { ask } = models(simulated(partsSaying(['a'])), { initialDelayInMs: 500 })
    await all(await ask())
    vi.useFakeTimers()
    try {
      const leaving = new AbortController()
      const reader = (await ask({ abortSignal: leaving.signal })).getReader()
      const read = reader.read()
      await vi.advanceTimersByTimeAsync(1)
      expect(vi.getTimerCount()).toBe(1)
      if (how === 'cancelled') {
        await reader.cancel()
        expect(await read).toEqual({ done: true })
      } else {
        leaving.abort(new Error('over'))
        await expect(read).rejects.toThrow('over')
      }
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })
})
