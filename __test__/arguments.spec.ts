// Wrong arguments, over the whole public API: each is refused with what it is called, what was expected and what came.

import * as api from '@aah/ai-evals-performance'
import { describe, expect, test, vi } from 'vitest'
import { ARGUMENTS } from './arguments/table.ts'

/** Any value will do: data that becomes a key, items that are carried, values for listeners; and errors are not ours. */
const EVENTS = ['on', 'addListener', 'prependListener', 'removeListener', 'off', 'removeAllListeners']
const ANY_VALUE = [
  ...['DatasetStream#push', 'PerformanceError', 'SourceError', 'RunStoppedError', 'ReplayMissError'],
  // Node.js itself looks at what an EventEmitter is given.
  ...EVENTS.map((name) => `Store#${name}`),
]

/** Of all that is exported: the names of what takes arguments. */
function whatTakesArguments(): string[] {
  return Object.entries(api).flatMap(([name, exported]: [string, any]) => {
    if (typeof exported !== 'function') return []
    const own = (object: object, separator: string) =>
      Object.entries(Object.getOwnPropertyDescriptors(object))
        .filter(([key, { value }]) => key !== 'constructor' && key !== 'prototype' && value?.length > 0)
        .filter(([, { value }]) => typeof value === 'function')
        .map(([key]) => `${name}${separator}${key}`)
    return [...(exported.length > 0 ? [name] : []), ...own(exported, '.'), ...own(exported.prototype ?? {}, '#')]
  })
}

test('every function and method that takes arguments is in the table', () => {
  const named = [...Object.keys(ARGUMENTS), ...ANY_VALUE]
  // Stores are made by `Store.open` only.
  const internal = [
    'PerformanceMonitor#advise',
    'PerformanceMonitor#gauge',
    'PerformanceMonitor#measureCall',
    'PerformanceMonitor#measureSpan',
    'Store',
  ]
  expect(
    whatTakesArguments()
      .filter((name) => !named.includes(name))
      .sort(),
  ).toEqual(internal)
})

describe.each(Object.entries(ARGUMENTS))('%s', (_function, args) => {
  test.each(args)('refuses a wrong `%s`', async (name, { expected, types, values = [] }, call) => {
    const print = vi.spyOn(console, 'log').mockImplementation(() => {})
    expect(types.length + values.length).toBeGreaterThan(0)
    for (const [refused, kind] of [
      [types, TypeError],
      [values, RangeError],
    ] as const) {
      for (const [value, shown] of refused) {
        const error = await errorOf(() => call(value))
        expect(`${error}`).toBe(`${kind.name}: Expected \`${name}\` to be ${expected}, got \`${shown}\``)
        expect(error).toBeInstanceOf(kind)
      }
    }
    expect(print).not.toHaveBeenCalled()
    print.mockRestore()
  })
})

async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  return 'no error'
}
