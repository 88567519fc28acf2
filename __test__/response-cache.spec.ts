import { ResponseCache } from '@aah/ai-evals-performance'
import { expect, test } from 'vitest'

const config = { provider: 'openai', model: 'gpt-4', options: { temperature: 0, stop: ['\n'] } }

test('finds a response whatever the order of properties, in input and configuration', () => {
  const cache = new ResponseCache()
  const response = { text: 'yes' }
  cache.set({ question: 'May I?', context: { b: 1, a: 2 } }, config, response)
  const sameConfig = { options: { stop: ['\n'], temperature: 0 }, model: 'gpt-4', provider: 'openai' }
  expect(cache.get({ context: { a: 2, b: 1 }, question: 'May I?' }, sameConfig)).toBe(response)
})

test('notices that a configuration it knows was changed', () => {
  const cache = new ResponseCache()
  const changing = structuredClone(config)
  cache.set('input', changing, 'cold')
  changing.options.temperature = 1
  expect(cache.get('input', changing)).toBeUndefined()
  cache.set('input', changing, 'hot')
  changing.options.temperature = 0
  expect(cache.get('input', changing)).toBe('cold')
})

test('tells apart what JSON would write alike', () => {
  const cache = new ResponseCache()
  const inputs: unknown[] = [
    'text',
    '"text"',
    '1',
    1,
    1n,
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    undefined,
    {},
    [],
    [undefined],
    [null],
    new Map(),
    new Set(),
    new Map([['a', 1]]),
    new Set(['a']),
    { a: 1 },
    new Date(0),
    '1970-01-01T00:00:00.000Z',
    new Uint8Array([1]),
    new Float64Array([1]),
    { 0: 1 },
    's4:text',
    'u',
  ]
  for (const [number, input] of inputs.entries()) cache.set(input, config, number)
  for (const [number, input] of inputs.entries()) expect(cache.get(input, config)).toBe(number)
  expect(cache.getStats().entries).toBe(inputs.length)
})

test('drops a property that is undefined, as JSON does', () => {
  const cache = new ResponseCache()
  cache.set({ a: undefined, b: 1 }, { model: 'm', seed: undefined }, 'same')
  expect(cache.get({ b: 1 }, { model: 'm' })).toBe('same')
})

test('an input is not taken for a configuration, nor one part for the other', () => {
  const cache = new ResponseCache()
  cache.set('a', 'b', 1)
  cache.set('b', 'a', 2)
  cache.set('', 'ab', 3)
  cache.set('ab', '', 4)
  expect([cache.get('a', 'b'), cache.get('b', 'a'), cache.get('', 'ab'), cache.get('ab', '')]).toEqual([1, 2, 3, 4])
})

test('refuses what no key can be made of, and changes nothing', () => {
  const cache = new ResponseCache()
  const cyclic: any = {}
  cyclic.self = cyclic
  for (const value of [() => 1, Symbol('s'), cyclic, { nested: [() => 1] }]) {
    expect(() => cache.get(value, config)).toThrow(TypeError)
    expect(() => cache.set(value, config, 1)).toThrow(/input/)
    expect(() => cache.has('input', value)).toThrow(/modelConfig/)
  }
  expect(cache.getStats()).toMatchObject({ hits: 0, misses: 0, entries: 0, memoryUsage: 0 })
})

test('a configuration is counted once for all its entries, and no longer when the last has gone', () => {
  const cache = new ResponseCache({ maxSize: 2 })
  const long = { system: 'x'.repeat(1_000) }
  cache.set('a', long, null)
  const one = cache.getStats().memoryUsage
  cache.set('b', long, null)
  expect(cache.getStats().memoryUsage - one).toBeLessThan(100)
  cache.set('a', 'short', null)
  cache.set('b', 'short', null)
  expect(cache.getStats().memoryUsage).toBeLessThan(200)
  expect(cache.getStats().evictions).toBe(2)
})

test('one entry makes room for the next under the same configuration', () => {
  const cache = new ResponseCache({ maxSize: 1 })
  for (const input of ['a', 'b', ['c'], ['d'], 'e']) {
    cache.set(input, config, input)
    expect(cache.get(input, config)).toBe(input)
    expect(cache.getStats().entries).toBe(1)
  }
  cache.clear()
  expect(cache.getStats().memoryUsage).toBe(0)
})

test('a configuration whose last entry made room for its next one is still found after another was used', () => {
  const cache = new ResponseCache({ maxSize: 2 })
  cache.set('first', 'a', 1)
  cache.set('other', 'b', 2)
  cache.set('second', 'a', 3)
  expect(cache.get('other', 'b')).toBe(2)
  expect(cache.get('second', 'a')).toBe(3)
  expect(cache.has('first', 'a')).toBe(false)
})
