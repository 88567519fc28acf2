import { createRequire } from 'node:module'
import { Measure, performanceMonitor } from '@aah/ai-evals-performance'
import { transformSync } from 'esbuild'
import ts from 'typescript'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

const require = createRequire(import.meta.url)

beforeEach(() => {
  vi.useFakeTimers()
  performanceMonitor.reset()
})

afterEach(() => {
  vi.useRealTimers()
})

const SCORER = `
  import { Measure } from '@aah/ai-evals-performance'

  export class Scorer {
    factor = 2

    @Measure()
    score(value: number, pass?: (duration: number) => void): number {
      pass?.(3)
      return value * this.factor
    }

    @Measure('asking')
    async ask(duration: number, failure?: unknown): Promise<string> {
      await new Promise((resolve) => setTimeout(resolve, duration))
      if (failure) throw failure
      return 'answer'
    }

    @Measure()
    static create(): Scorer {
      return new this()
    }

    @Measure()
    ['with space']() {}
  }

  export class Strict extends Scorer {}
`

const PRIVATE = `
  import { Measure } from '@aah/ai-evals-performance'

  export class Scorer {
    @Measure() #secret(value: number) { return [this, value] }
    @Measure() static #hidden() { return this }
    reveal() { return this.#secret(7) }
    static reveal() { return this.#hidden() }
  }
`

const compilers = {
  esbuild: (source: string, experimentalDecorators: boolean) =>
    transformSync(source, {
      loader: 'ts',
      format: 'cjs',
      target: 'node20',
      tsconfigRaw: { compilerOptions: { experimentalDecorators } },
    }).code,
  TypeScript: (source: string, experimentalDecorators: boolean) =>
    ts.transpileModule(source, {
      compilerOptions: { experimentalDecorators, module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    }).outputText,
}

function load(source: string, compiler: keyof typeof compilers, experimentalDecorators: boolean): any {
  const module = { exports: {} }
  const code = compilers[compiler](source, experimentalDecorators)
  new Function('module', 'exports', 'require', code)(module, module.exports, require)
  return module.exports
}

const totals = () =>
  Object.fromEntries(
    performanceMonitor.getAllTimings().map((timing) => [timing.component, [timing.totalCalls, timing.totalDuration]]),
  )

describe.each([
  ['esbuild', 'standard', false],
  ['esbuild', 'legacy', true],
  ['TypeScript', 'standard', false],
  ['TypeScript', 'legacy', true],
] as const)('compiled by %s as a %s decorator', (compiler, _kind, experimentalDecorators) => {
  const { Scorer, Strict } = load(SCORER, compiler, experimentalDecorators)

  test('times methods under the class of the object, and leaves them what they are', () => {
    const pass = (duration: number) => vi.advanceTimersByTime(duration)
    expect(new Scorer().score(4, pass)).toBe(8)
    expect(Object.assign(new Strict(), { factor: 3 }).score(4, pass)).toBe(12)
    expect(Scorer.create()).toBeInstanceOf(Scorer)
    expect(Strict.create()).toBeInstanceOf(Strict)
    new Scorer()['with space']()
    expect(totals()).toEqual({
      'Scorer.score': [1, 3],
      'Strict.score': [1, 3],
      'Scorer.create': [1, 0],
      'Strict.create': [1, 0],
      'Scorer.with space': [1, 0],
    })
    expect([Scorer.prototype.score.name, Scorer.prototype.score.length]).toEqual(['score', 2])
    expect([Scorer.create.name, Scorer.create.length]).toEqual(['create', 0])
    expect(Object.keys(Scorer.prototype)).toEqual([])
  })

  test('times overlapping async calls each until it settles', async () => {
    const scorer = new Scorer()
    const failure = new Error('away')
    const calls = [scorer.ask(10), scorer.ask(30), scorer.ask(20, failure)]
    const outcomes = Promise.allSettled(calls)
    expect(totals()).toEqual({})
    await vi.advanceTimersByTimeAsync(30)
    expect(await outcomes).toEqual([
      { status: 'fulfilled', value: 'answer' },
      { status: 'fulfilled', value: 'answer' },
      { status: 'rejected', reason: failure },
    ])
    expect(((await outcomes)[2] as PromiseRejectedResult).reason).toBe(failure)
    expect(totals()).toEqual({ asking: [3, 60] })
  })
})

test.each(['esbuild', 'TypeScript'] as const)('times private methods compiled by %s', (compiler) => {
  const { Scorer } = load(PRIVATE, compiler, false)
  const scorer = new Scorer()
  expect(scorer.reveal()).toEqual([scorer, 7])
  expect(Scorer.reveal()).toBe(Scorer)
  expect(totals()).toEqual({ 'Scorer.#secret': [1, 0], 'Scorer.#hidden': [1, 0] })
})

describe('called by hand', () => {
  /** The method as a legacy decorator leaves it on an object. */
  function decorated(method: (...args: any[]) => any, name?: string): any {
    const descriptor = { value: method, writable: true, enumerable: false, configurable: true }
    const replaced = Measure(name)({}, 'method', descriptor)
    expect(replaced).toMatchObject({ writable: true, enumerable: false, configurable: true })
    return replaced.value
  }

  test('throws what the method throws', () => {
    const failure = { not: 'an error' }
    const method = decorated(() => {
      vi.advanceTimersByTime(2)
      throw failure
    }, 'failing')
    let thrown: unknown
    try {
      method()
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBe(failure)
    expect(totals()).toEqual({ failing: [1, 2] })
  })

  test('names a method by itself where there is no class', () => {
    const method = decorated(() => {})
    method()
    method.call(Object.create(null))
    method.call(new (class {})())
    expect(totals()).toEqual({ method: [3, 0] })
    const symbol = Measure()(() => {}, { kind: 'method', name: Symbol('key') })
    symbol.call(new Map())
    expect(totals()).toHaveProperty(['Map.Symbol(key)'])
  })

  test('returns a subclass of Promise itself and times it until it settles', async () => {
    class Request extends Promise<string> {
      extra = () => 'header'
    }
    let resolve: (value: string) => void = () => {}
    const request = new Request((resolved) => {
      resolve = resolved
    })
    const method = decorated(() => request, 'request')
    expect(method()).toBe(request)
    expect(method().extra()).toBe('header')
    vi.advanceTimersByTime(5)
    expect(totals()).toEqual({})
    resolve('done')
    expect(await request).toBe('done')
    expect(totals()).toEqual({ request: [2, 10] })
  })

  test('does not start a lazy thenable', () => {
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
    const query = { then: vi.fn() }
    const method = decorated(() => query, 'query')
    expect(method()).toBe(query)
    expect(query.then).not.toHaveBeenCalled()
    expect(totals()).toEqual({ query: [1, 0] })
  })

  test('refuses what is not a method', () => {
    const expected = new TypeError('Expected `@Measure` to be on a method, got `undefined`')
    expect(() => Measure()(undefined, { kind: 'field', name: 'field' })).toThrow(expected)
    expect(() => Measure()(class {}, { kind: 'class', name: 'Class' })).toThrow(expected)
    expect(() => Measure()({}, 'field')).toThrow(expected)
    expect(() => Measure()({}, 'accessor', { get: () => 1 })).toThrow(expected)
    expect(() => Measure(3 as any)).toThrow(new TypeError('Expected `name` to be a string, got `3`'))
  })
})

test('a rejection that nobody handles is reported once, and a handled one never', async () => {
  vi.useRealTimers()
  const unhandled: unknown[] = []
  const listeners = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', (reason) => unhandled.push(reason))
  try {
    const { value: reject } = Measure('rejecting')({}, 'reject', {
      value: async (reason: unknown) => Promise.reject(reason),
    })
    await expect(reject('handled')).rejects.toBe('handled')
    await expect(performanceMonitor.measure('rejecting', () => Promise.reject('handled'))).rejects.toBe('handled')
    void reject('forgotten')
    await new Promise((resolve) => setImmediate(resolve))
    expect(unhandled).toEqual(['forgotten'])
  } finally {
    process.removeAllListeners('unhandledRejection')
    for (const listener of listeners) process.on('unhandledRejection', listener)
  }
  expect(performanceMonitor.getComponentTiming('rejecting')?.totalCalls).toBe(3)
})
