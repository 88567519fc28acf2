import { expect, test } from 'vitest'
import { encodeKey } from '../lib/key/encode.ts'
import { collectPreviews } from '../lib/key/previews.ts'
import { KeyRecognizer } from '../lib/key/recognizer.ts'

const long = (begin: string, end = '') => begin.padEnd(1_500 - end.length, '.') + end
const previewsOf = (value: unknown) => collectPreviews(() => encodeKey(value, 'input'))
const lines = (previews: string | null) => previews?.split('\n').map((line) => JSON.parse(line))

test('of each text that is digested the begin, the end and the length are collected', () => {
  const text = long('You are a "helpful"\n assistant', 'and brief.')
  const { result, previews } = previewsOf({ a: text, b: [text, 'short'], c: new Set([long('Another')]) })
  expect(result).toBe(encodeKey({ a: text, b: [text, 'short'], c: new Set([long('Another')]) }, 'input'))
  const digests = [...result.matchAll(/S1500:([0-9a-f]{64})/g)].map((match) => match[1])
  expect(lines(previews)).toEqual([
    [digests[0], 1_500, text.slice(0, 60), text.slice(-20)],
    [digests[2], 1_500, long('Another').slice(0, 60), '.'.repeat(20)],
  ])
})

test('a character that the cut parts is replaced', () => {
  const text = `${'x'.repeat(59)}😀${'y'.repeat(1_500)}`
  expect(lines(previewsOf(text).previews)?.[0]?.[2]).toBe(`${'x'.repeat(59)}\ufffd`)
})

test('texts that a key holds in full have no previews', () => {
  expect(previewsOf({ a: 'x'.repeat(1_024) }).previews).toBeNull()
})

test('a configuration that is recognised still has its previews, and others have only theirs', () => {
  const recognizer = new KeyRecognizer()
  const encode = (system: string) => collectPreviews(() => recognizer.encode({ system }, 'modelConfig')).previews
  const first = encode(long('one'))
  expect(first).not.toBeNull()
  expect(encode('short')).toBeNull()
  expect(encode(long('one'))).toBe(first)
  recognizer.encode({ system: long('two') }, 'modelConfig')
  expect(lines(encode(long('two')))?.[0]?.[2]).toBe(long('two').slice(0, 60))
})

test('at most 256 texts have a preview', () => {
  const texts = Array.from({ length: 300 }, (_, index) => long(`text ${index}`))
  expect(lines(previewsOf(texts).previews)).toHaveLength(256)
})

test('an encoding that fails ends the collection', () => {
  expect(() => previewsOf({ a: long('x'), b: () => 1 })).toThrow(TypeError)
  expect(previewsOf('short').previews).toBeNull()
})
