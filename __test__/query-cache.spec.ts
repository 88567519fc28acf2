import { QueryCache } from '@aah/ai-evals-performance'
import { beforeEach, describe, expect, test } from 'vitest'

let cache: QueryCache

beforeEach(() => {
  cache = new QueryCache()
})

test('no parameters, empty ones and null are three different queries', () => {
  cache.set('q', undefined, 'none')
  cache.set('q', {}, 'empty')
  cache.set('q', null, 'null')
  expect([cache.get('q'), cache.get('q', undefined), cache.get('q', {}), cache.get('q', null)]).toEqual([
    'none',
    'none',
    'empty',
    'null',
  ])
})

test('parameters are not taken for a part of the text', () => {
  cache.set('q{}', undefined, 1)
  cache.set('q', {}, 2)
  cache.set('q', '{}', 3)
  expect([cache.get('q{}'), cache.get('q', {}), cache.get('q', '{}')]).toEqual([1, 2, 3])
})

test.each([1, null, undefined, {}])('refuses the query %o', (query: any) => {
  for (const call of [() => cache.get(query), () => cache.set(query, {}, 1), () => cache.has(query)]) {
    expect(call).toThrow('Expected `query` to be a string')
  }
})

test('refuses parameters that no key can be made of, and changes nothing', () => {
  expect(() => cache.set('q', { filter: () => true }, 1)).toThrow(/params/)
  expect(cache.getStats()).toMatchObject({ entries: 0, memoryUsage: 0 })
})

describe('invalidate', () => {
  beforeEach(() => {
    cache.set('student-metrics', { studentId: '123' }, 'a')
    cache.set('student-metrics', { studentId: '456' }, 'b')
    cache.set('student-list', undefined, 'c')
    cache.set('SELECT * FROM advisors WHERE id = $1', [7], 'd')
  })

  const left = () =>
    [
      cache.has('student-metrics', { studentId: '123' }) && 'a',
      cache.has('student-metrics', { studentId: '456' }) && 'b',
      cache.has('student-list') && 'c',
      cache.has('SELECT * FROM advisors WHERE id = $1', [7]) && 'd',
    ]
      .filter(Boolean)
      .join('')

  test.each([
    ['a name', 'student-metrics', 'cd'],
    ['a part of a name', 'student', 'd'],
    ['text with characters that a regular expression reads otherwise', 'SELECT * FROM', 'abc'],
    ['text that is no valid regular expression', '(', 'abcd'],
    ['a regular expression as a string', '^student-(metrics|list)$', 'd'],
    ['a regular expression', /^student-/, 'd'],
    ['parameters as JSON', '"studentId":"123"', 'bcd'],
    ['text and parameters as JSON', 'student-metrics{"studentId":"456"}', 'acd'],
    ['an expression over text and parameters', /metrics.*"456"/, 'acd'],
    ['an expression anchored to the parameters', /\[7\]$/, 'abc'],
    ['the empty string', '', ''],
    ['something that is nowhere', 'teacher', 'abcd'],
    ['a case-insensitive expression', /STUDENT-LIST/i, 'abd'],
    ['a sticky expression that would begin in the middle', /metrics/y, 'cd'],
    ['a global expression', /student/g, 'd'],
  ])('by %s', (_, pattern, expected) => {
    expect(cache.invalidate(pattern)).toBe(4 - expected.length)
    expect(left()).toBe(expected)
    expect(cache.getStats()).toMatchObject({ evictions: 0, hits: 0, misses: 0, entries: expected.length })
  })

  test.each(['g', 'y', 'gy'])('neither heeds nor moves lastIndex with the flags %s', (flags) => {
    const pattern = new RegExp('student-', flags)
    pattern.lastIndex = 5
    expect(cache.invalidate(pattern)).toBe(3)
    expect(pattern.lastIndex).toBe(5)
  })

  test('matches parameters as they were when the result was stored', () => {
    const params = { team: 'red' }
    cache.set('players', params, 1)
    params.team = 'blue'
    expect(cache.invalidate('"blue"')).toBe(0)
    expect(cache.invalidate('"red"')).toBe(1)
  })

  test('matches parameters as they were when the result was asked for', async () => {
    const params = { id: 'first' }
    const asked = cache.getOrSet('q', params, async () => 1)
    params.id = 'second'
    await asked
    expect(cache.invalidate('"id":"second"')).toBe(0)
    expect(cache.invalidate('"id":"first"')).toBe(1)
  })

  test('writes bigints as the string of their digits', () => {
    cache.set('rows', { id: 123n }, 1)
    expect(cache.get('rows', { id: 123n })).toBe(1)
    expect(cache.invalidate('"id":"123"')).toBe(1)
  })

  test('bytes come back to 0', () => {
    expect(cache.getStats().memoryUsage).toBeGreaterThan(0)
    cache.invalidate('')
    expect(cache.getStats().memoryUsage).toBe(0)
  })

  test('what was removed can be stored again', () => {
    cache.invalidate('student-list')
    cache.set('student-list', undefined, 'again')
    expect(cache.get('student-list')).toBe('again')
  })

  test.each([7, null, undefined, {}])('refuses the pattern %o', (pattern: any) => {
    expect(() => cache.invalidate(pattern)).toThrow('Expected `pattern` to be a RegExp or a string')
    expect(left()).toBe('abcd')
  })
})
