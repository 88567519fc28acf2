// getOrSet: one call of the function for all who ask at once, in one thread.

import { EmbeddingCache, LRUCache, QueryCache, ResponseCache } from '@aah/ai-evals-performance'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { deferred, settled } from './helpers/deferred.ts'

const config = { provider: 'openai', model: 'gpt-4' }

interface Subject {
  name: string
  value(number: number): any
  make(options?: object): {
    getOrSet(key: string, fn: (signal: AbortSignal) => any, options?: object): Promise<any>
    get(key: string): any
    set(key: string, value: any): void
    has(key: string): boolean
    delete(key: string): boolean
    clear(): void
    getStats(): ReturnType<LRUCache['getStats']>
  }
}

function bound(cache: any, before: (key: string) => unknown[]) {
  return {
    getOrSet: async (key: string, fn: unknown, options?: unknown) => cache.getOrSet(...before(key), fn, options),
    get: (key: string) => cache.get(...before(key)),
    set: (key: string, value: unknown) => cache.set(...before(key), value),
    has: (key: string) => cache.has(...before(key)),
    delete: (key: string) => cache.delete(...before(key)),
    clear: () => cache.clear(),
    getStats: () => cache.getStats(),
  }
}

const subjects: Subject[] = [
  {
    name: 'LRUCache',
    value: (number) => ({ number }),
    make: (options) => bound(new LRUCache(options), (key) => [key]),
  },
  {
    name: 'ResponseCache',
    value: (number) => ({ number }),
    make: (options) => bound(new ResponseCache(options), (key) => [key, config]),
  },
  {
    name: 'ResponseCache with objects as input',
    value: (number) => ({ number }),
    make: (options) => bound(new ResponseCache(options), (key) => [{ question: key }, config]),
  },
  {
    name: 'EmbeddingCache',
    value: (number) => [number, 0.5],
    make: (options) => bound(new EmbeddingCache(options), (key) => [key]),
  },
  {
    name: 'QueryCache',
    value: (number) => [{ number }],
    make: (options) => bound(new QueryCache(options), (key) => ['student', { id: key }]),
  },
]

afterEach(() => {
  vi.useRealTimers()
})

describe.each(subjects)('$name', ({ make, value }) => {
  test('calls the function on a miss only, and stores what it gives', async () => {
    const cache = make()
    const fn = vi.fn(async () => value(1))
    const first = await cache.getOrSet('a', fn)
    expect(first).toEqual(value(1))
    expect(await cache.getOrSet('a', fn)).toBe(first)
    expect(cache.get('a')).toBe(first)
    expect(fn).toHaveBeenCalledTimes(1)
    expect(cache.getStats()).toMatchObject({ hits: 2, misses: 1, entries: 1 })
  })

  test('calls it at once, before anything else can happen', () => {
    const fn = vi.fn(async () => value(1))
    make().getOrSet('a', fn)
    expect(fn).toHaveBeenCalledTimes(1)
  })

  test('takes a function that is not asynchronous', async () => {
    expect(await make().getOrSet('a', () => value(3))).toEqual(value(3))
  })

  test('gives the answer of one call to all who ask meanwhile', async () => {
    const cache = make()
    const answer = deferred<any>()
    const fn = vi.fn(() => answer.promise)
    const asked = Array.from({ length: 8 }, () => cache.getOrSet('a', fn))
    const other = cache.getOrSet('b', async () => value(2))
    answer.resolve(value(1))
    const answers = await Promise.all(asked)
    expect(answers[0]).toEqual(value(1))
    expect(new Set(answers).size).toBe(1)
    expect(await other).toEqual(value(2))
    expect(fn).toHaveBeenCalledTimes(1)
    expect(cache.getStats()).toMatchObject({ misses: 9, hits: 0, savings: { coalesced: 7 } })
  })

  test('rejects all who wait with the very error of the function, and stores nothing', async () => {
    const cache = make()
    const failure = new Error('the model is away')
    const answer = deferred<any>()
    const asked = Array.from({ length: 3 }, () => cache.getOrSet('a', () => answer.promise))
    answer.reject(failure)
    for (const outcome of await Promise.allSettled(asked)) {
      expect(outcome).toEqual({ status: 'rejected', reason: failure })
      expect((outcome as PromiseRejectedResult).reason).toBe(failure)
    }
    expect(cache.has('a')).toBe(false)
    expect(await cache.getOrSet('a', async () => value(1))).toEqual(value(1))
  })

  test('rejects with what the function throws before it returns a promise', async () => {
    const cache = make()
    const thrown = { code: 429 }
    const promise = cache.getOrSet('a', () => {
      throw thrown
    })
    await expect(promise).rejects.toBe(thrown)
    expect(cache.has('a')).toBe(false)
  })

  test('keeps what it stores for the time to live given', async () => {
    vi.useFakeTimers()
    const cache = make({ ttl: 100 })
    await cache.getOrSet('short', async () => value(1), { ttl: 10 })
    await cache.getOrSet('usual', async () => value(1))
    await cache.getOrSet('ever', async () => value(1), { ttl: Number.POSITIVE_INFINITY })
    vi.advanceTimersByTime(10)
    expect(['short', 'usual', 'ever'].map(cache.has)).toEqual([false, true, true])
    vi.advanceTimersByTime(90)
    expect(['short', 'usual', 'ever'].map(cache.has)).toEqual([false, false, true])
  })

  test('counts the time to live from when the answer came', async () => {
    vi.useFakeTimers()
    const cache = make({ ttl: 100 })
    const answer = deferred<any>()
    const asked = cache.getOrSet('a', () => answer.promise)
    vi.advanceTimersByTime(1_000)
    answer.resolve(value(1))
    await asked
    expect(cache.has('a')).toBe(true)
  })

  describe('while the function runs', () => {
    test.each([
      ['clear()', (cache: any) => cache.clear()],
      ['delete()', (cache: any) => cache.delete('a')],
    ])('%s keeps its answer from being stored, and the next who asks calls anew', async (_name, remove) => {
      const cache = make()
      const old = deferred<any>()
      const waiting = cache.getOrSet('a', () => old.promise)
      remove(cache)
      const next = cache.getOrSet('a', async () => value(2))
      expect(await next).toEqual(value(2))
      old.resolve(value(1))
      expect(await waiting).toEqual(value(1))
      expect(cache.get('a')).toEqual(value(2))
    })

    test('set() wins over its answer', async () => {
      const cache = make()
      const answer = deferred<any>()
      const waiting = cache.getOrSet('a', () => answer.promise)
      cache.set('a', value(2))
      expect(await cache.getOrSet('a', async () => value(3))).toEqual(value(2))
      answer.resolve(value(1))
      expect(await waiting).toEqual(value(1))
      expect(cache.get('a')).toEqual(value(2))
    })
  })

  test('refuses to wait for itself, and goes on', async () => {
    const cache = make()
    const again = async (): Promise<any> => cache.getOrSet('a', again)
    await expect(again()).rejects.toMatchObject({ name: 'PerformanceError', code: 'ERR_REENTRANT' })
    expect(await cache.getOrSet('a', () => cache.getOrSet('b', async () => value(1)))).toEqual(value(1))
  })

  describe('an abort', () => {
    test('by the function itself is one like any other', async () => {
      const cache = make()
      const mine = new AbortController()
      const fn = () => {
        mine.abort('enough')
        return new Promise(() => {})
      }
      await expect(cache.getOrSet('a', fn, { signal: mine.signal })).rejects.toBe('enough')
      expect(await cache.getOrSet('a', async () => value(1))).toEqual(value(1))
    })

    test('rejects the one who asked for it at once, with his reason, and nobody else', async () => {
      const cache = make()
      const answer = deferred<any>()
      const [mine, theirs] = [new AbortController(), new AbortController()]
      let given: AbortSignal | undefined
      const fn = (signal: AbortSignal) => {
        given = signal
        return answer.promise
      }
      const first = cache.getOrSet('a', fn, { signal: mine.signal })
      const second = cache.getOrSet('a', fn, { signal: theirs.signal })
      const reason = new Error('no longer needed')
      mine.abort(reason)
      await expect(first).rejects.toBe(reason)
      expect(given?.aborted).toBe(false)
      answer.resolve(value(1))
      expect(await second).toEqual(value(1))
      theirs.abort()
      expect(given?.aborted).toBe(false)
    })

    test('of all reaches the function with the last reason, and whoever asks next calls anew', async () => {
      const cache = make()
      const controllers = [new AbortController(), new AbortController()]
      let given: AbortSignal | undefined
      const fn = (signal: AbortSignal) => {
        given = signal
        return new Promise(() => {})
      }
      const asked = controllers.map(({ signal }) => cache.getOrSet('a', fn, { signal }))
      controllers.forEach((controller, index) => {
        controller.abort(`reason ${index}`)
      })
      expect((await Promise.allSettled(asked)).map((outcome) => (outcome as any).reason)).toEqual([
        'reason 0',
        'reason 1',
      ])
      expect(given?.aborted).toBe(true)
      expect(given?.reason).toBe('reason 1')
      expect(await cache.getOrSet('a', async () => value(2))).toEqual(value(2))
    })

    test('before the call calls nothing', async () => {
      const cache = make()
      const fn = vi.fn()
      const reason = new Error('too late')
      await expect(cache.getOrSet('a', fn, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
      expect(fn).not.toHaveBeenCalled()
    })

    test('stores an answer that comes all the same, since it was paid for', async () => {
      const cache = make()
      const answer = deferred<any>()
      const controller = new AbortController()
      const asked = cache.getOrSet('a', () => answer.promise, { signal: controller.signal })
      controller.abort()
      await expect(asked).rejects.toBe(controller.signal.reason)
      answer.resolve(value(1))
      await settled()
      expect(cache.get('a')).toEqual(value(1))
    })

    test('lets a late answer not take the place of a newer one', async () => {
      const cache = make()
      const late = deferred<any>()
      const controller = new AbortController()
      const asked = cache.getOrSet('a', () => late.promise, { signal: controller.signal })
      controller.abort()
      await expect(asked).rejects.toBe(controller.signal.reason)
      await cache.getOrSet('a', async () => value(2))
      late.resolve(value(1))
      await settled()
      expect(cache.get('a')).toEqual(value(2))
    })

    test('leaves no listener behind, whatever the outcome', async () => {
      const cache = make()
      const { signal } = new AbortController()
      const add = vi.spyOn(signal, 'addEventListener')
      const remove = vi.spyOn(signal, 'removeEventListener')
      await cache.getOrSet('a', async () => value(1), { signal })
      await cache.getOrSet('a', async () => value(1), { signal })
      await cache.getOrSet('b', () => Promise.reject(new Error('no')), { signal }).catch(() => {})
      expect(add).toHaveBeenCalledTimes(2)
      expect(remove.mock.calls.map(([, listener]) => listener)).toEqual(add.mock.calls.map(([, listener]) => listener))
    })
  })
})

test('with any interleaving: one call at a time for a key, and each caller gets his own outcome', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('ask' as const), key: fc.constantFrom('a', 'b') }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('succeed', 'fail'), key: fc.constantFrom('a', 'b') }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('abort' as const), caller: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('set', 'delete'), key: fc.constantFrom('a', 'b') }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const cache = new LRUCache<number>()
      /** What the cache has to hold, and for each key the call whose answer others may wait for. */
      const held = new Map<string, number>()
      const shared = new Map<string, Running>()
      const running: Running[] = []
      const callers: Caller[] = []
      let numbers = 0

      for (const step of steps) {
        if (step.kind === 'ask') {
          const { key } = step as { key: string }
          const controller = new AbortController()
          let made: Running | undefined
          const promise = cache.getOrSet(
            key,
            (signal) => {
              made = { key, signal, ...deferred<number>(), waiting: new Set(), stale: false }
              return made.promise
            },
            { signal: controller.signal },
          )
          const outcome = promise.then(
            (value) => ({ value }),
            (failure) => ({ failure }),
          )
          if (held.has(key)) {
            expect(made).toBeUndefined()
            expect(await outcome).toEqual({ value: held.get(key) })
            continue
          }
          const call = shared.get(key) ?? made!
          expect(made === undefined).toBe(shared.has(key))
          if (made !== undefined) running.push(made)
          shared.set(key, call)
          const caller = { controller, outcome, call }
          call.waiting.add(caller)
          callers.push(caller)
        } else if (step.kind === 'abort') {
          const caller = callers[step.caller % Math.max(callers.length, 1)]
          if (caller === undefined || caller.controller.signal.aborted || !caller.call.waiting.delete(caller)) continue
          const reason = `abort ${numbers++}`
          caller.controller.abort(reason)
          expect(await caller.outcome).toEqual({ failure: reason })
          expect(caller.call.signal.aborted).toBe(caller.call.waiting.size === 0)
          if (caller.call.waiting.size === 0 && shared.get(caller.call.key) === caller.call) {
            shared.delete(caller.call.key)
          }
        } else if (step.kind === 'set' || step.kind === 'delete') {
          const { key } = step as { key: string }
          const call = shared.get(key)
          if (call !== undefined) call.stale = true
          shared.delete(key)
          held.delete(key)
          if (step.kind === 'set') {
            held.set(key, ++numbers)
            cache.set(key, numbers)
          } else cache.delete(key)
        } else {
          const { key } = step as { key: string }
          const index = running.findIndex((call) => call.key === key)
          if (index < 0) continue
          const [call] = running.splice(index, 1) as [Running]
          const expected = step.kind === 'fail' ? { failure: `failure ${++numbers}` } : { value: ++numbers }
          if (expected.value === undefined) call.reject(expected.failure)
          else call.resolve(expected.value)
          for (const { outcome } of call.waiting) expect(await outcome).toEqual(expected)
          await settled()
          const isNewest = shared.get(key) === call || (call.signal.aborted && !shared.has(key) && !held.has(key))
          if (expected.value !== undefined && !call.stale && isNewest) held.set(key, expected.value)
          if (shared.get(key) === call) shared.delete(key)
          call.waiting.clear()
        }
        for (const key of ['a', 'b']) expect(cache.has(key)).toBe(held.has(key))
      }
      for (const [key, value] of held) expect(cache.get(key)).toBe(value)
    }),
    { numRuns: 200 },
  )
})

interface Caller {
  controller: AbortController
  outcome: Promise<object>
  call: Running
}

interface Running {
  key: string
  signal: AbortSignal
  promise: Promise<number>
  resolve(value: number): void
  reject(failure: unknown): void
  waiting: Set<Caller>
  stale: boolean
}
