import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeMiss, readExplanation } from '../lib/cache/explanation.ts'
import { encodeKey } from '../lib/key/encode.ts'
import { collectPreviews } from '../lib/key/previews.ts'
import { explainNearest } from '../lib/native.ts'

/** Why `wanted` is none of the requests stored, the first of which was stored first. */
function explain(wanted: unknown, ...stored: unknown[]) {
  const encode = (request: unknown) => collectPreviews(() => encodeKey(request, 'request'))
  const { result, previews } = encode(wanted)
  const entries = stored.map(encode)
  const json = explainNearest(
    result,
    previews ?? '',
    entries.map((entry) => entry.result),
    entries.map((entry) => entry.previews ?? ''),
    Float64Array.from(stored, (_, index) => new Date(2026, 10, 20, 14, index).getTime()),
  )
  return readExplanation(json, 'memory')
}

const config = { provider: 'openai', model: 'gpt-4', temperature: 0, stop: ['\n'] }

describe('the nearest entry', () => {
  test('is the one that has most in common, and every place that differs is named with both values', () => {
    const wanted = { input: [{ role: 'user', content: 'What is it?' }], modelConfig: { ...config, temperature: 0.2 } }
    const near = { input: [{ role: 'user', content: 'What was it?' }], modelConfig: { ...config, seed: 7 } }
    const far = { input: [{ role: 'system', content: 'What was it?' }], modelConfig: { provider: 'anthropic' } }
    expect(explain(wanted, far, near, far)).toEqual({
      outcome: 'miss',
      entries: 3,
      nearest: {
        created: new Date(2026, 10, 20, 14, 1),
        differences: [
          { path: 'input[0].content', wanted: '"What is it?"', stored: '"What was it?"' },
          { path: 'modelConfig.seed', stored: '7' },
          { path: 'modelConfig.temperature', wanted: '0.2', stored: '0' },
        ],
        omitted: 0,
      },
    })
  })

  test('of long texts shows how they begin or, where that is the same, how they end', () => {
    const prompt = (begin: string, end: string) => ({ input: begin + ' and so on'.repeat(200) + end })
    const shown = (wanted: unknown, stored: unknown) => explain(wanted, stored).nearest?.differences[0]
    expect(shown(prompt('You are kind', ''), prompt('You are strict', ''))).toEqual({
      path: 'input',
      wanted: 'text of 2,012 characters beginning "You are kind and so on and so on and so on…"',
      stored: 'text of 2,014 characters beginning "You are strict and so on and so on and so …"',
    })
    const ends = shown(prompt('You are kind', '. Be brief.'), prompt('You are kind', '. Be long.'))
    expect(ends?.wanted).toBe('text of 2,023 characters ending "…and so on. Be brief."')
  })

  test('is found among keys of any kind of value', () => {
    const data = fc.anything({ withMap: true, withSet: true, withTypedArray: true, withDate: true, withBigInt: true })
    const property = fc.property(data, data, (wanted, stored) => {
      const { differences } = explain({ input: wanted }, { input: stored }).nearest ?? { differences: [] }
      expect(differences.length === 0).toBe(encodeKey(wanted, 'a') === encodeKey(stored, 'b'))
      for (const { path, wanted, stored } of differences) {
        expect(`${path} ${wanted} ${stored}`).not.toContain('cannot be read')
        expect(wanted).not.toBe(stored)
        expect(Math.max([...(wanted ?? '')].length, [...(stored ?? '')].length)).toBeLessThanOrEqual(90)
      }
    })
    fc.assert(property)
  })

  test('is found among the keys that docs/formats.md gives as examples', () => {
    const document = readFileSync(new URL('../docs/formats.md', import.meta.url), 'utf8')
    const section = document.split('### Test vectors')[1]?.split('\n##')[0] ?? ''
    const keys = [...section.matchAll(/^\| `.+` +\| `([^`]+)` +\|$/gm)].map((match) => match[1] as string)
    expect(keys.length).toBeGreaterThan(40)
    for (const key of keys)
      expect(explainNearest(key, '', ['zzz'], [''], Float64Array.of(0))).not.toMatch(/wanted":"a key/)
  })
})

describe('as text', () => {
  test('a miss names the nearest entry and what differs', () => {
    const wanted = { input: 'What is it?', modelConfig: { ...config, temperature: 0.2, seed: 7 } }
    const stored = { input: 'What is it?', modelConfig: { ...config, user: 'me' } }
    expect(describeMiss(explain(wanted, stored), 'response', 'responses of /path')).toBe(
      [
        'No stored response to this request (1 entry in responses of /path). The nearest, stored 2026-11-20 14:00, differs in:',
        '  modelConfig.seed: 7, absent in the stored one',
        '  modelConfig.temperature: 0.2, stored 0',
        '  modelConfig.user: absent, stored "me"',
      ].join('\n'),
    )
  })

  test('a miss among no entries says so', () => {
    const text = describeMiss(explain({ input: 'x' }), 'response', 'memory')
    expect(text).toBe('No stored response to this request (0 entries in memory).')
  })

  test('of many differences the first are listed and the others counted', () => {
    const numbers = (first: number) => Array.from({ length: 150 }, (_, index) => first + index)
    const lines = describeMiss(explain({ input: numbers(0) }, { input: numbers(1_000) }), 'response', 'memory').split(
      '\n',
    )
    expect(lines).toHaveLength(22)
    expect(lines[20]).toBe('  input[19]: 19, stored 1019')
    expect(lines[21]).toBe('  and 130 further places')
  })

  test('an expired entry is said to be expired', () => {
    const expired = new Date(2026, 0, 2, 3, 4)
    const json = JSON.stringify({ outcome: 'expired', created: 1_000, expired: expired.getTime(), entries: 1_412 })
    const explanation = readExplanation(json, 'store')
    expect(explanation).toEqual({
      outcome: 'expired',
      tier: 'store',
      created: new Date(1_000),
      expired,
      entries: 1_412,
    })
    expect(describeMiss(explanation, 'response', 'responses of /path')).toBe(
      'The response stored for this request expired at 2026-01-02 03:04 (1,412 entries in responses of /path).',
    )
  })
})
