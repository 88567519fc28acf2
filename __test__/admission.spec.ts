// Which answers getOrSet keeps.

import { EmbeddingCache, LRUCache, QueryCache, ResponseCache } from '@aah/ai-evals-performance'
import { describe, expect, test, vi } from 'vitest'

const config = { model: 'gpt-4' }

async function isKept(answer: unknown, options?: object): Promise<boolean> {
  const cache = new ResponseCache()
  expect(await cache.getOrSet('a', config, async () => answer, options)).toBe(answer)
  return cache.has('a', config)
}

const chat = (finish_reason: string, message: object = { role: 'assistant', content: 'Yes' }) => ({
  object: 'chat.completion',
  choices: [{ index: 0, message, finish_reason }],
})
const response = (status: string, output: object[] = [], more: object = {}) => ({
  object: 'response',
  status,
  output,
  ...more,
})
const part = (type: string) => ({ type: 'message', content: [{ type }] })

describe('is kept by default', () => {
  test.each([
    ['a string', 'length'],
    ['a number', 0],
    ['null', null],
    ['false', false],
    ['any object', { status: 'incomplete', error: 'none' }],
    ['a chat completion that stopped', chat('stop', { content: 'Yes', refusal: null })],
    ['one that calls tools', chat('tool_calls')],
    ['a completed response', response('completed', [part('output_text'), { type: 'reasoning' }])],
    ["Anthropic's end of turn", { type: 'message', stop_reason: 'end_turn', content: [] }],
    ["the AI SDK's stop", { text: 'Yes', finishReason: 'stop' }],
    ['the stop of its models', { content: [], finishReason: { unified: 'stop', raw: 'length' } }],
    ['what cannot be looked at', new Proxy({}, { get: () => 'x' })],
  ])('%s', async (_name, answer) => {
    expect(await isKept(answer)).toBe(true)
  })
})

describe('is not kept by default', () => {
  test.each([
    ['undefined', undefined],
    ['a chat completion cut off', chat('length')],
    ['one that was filtered', chat('content_filter')],
    ['one of which a later choice was cut off', { choices: [...chat('stop').choices, ...chat('length').choices] }],
    ['one that refuses', chat('stop', { content: null, refusal: 'I cannot help with that.' })],
    ['an incomplete response', response('incomplete', [], { incomplete_details: { reason: 'max_output_tokens' } })],
    ['a failed response', response('failed')],
    ['a response that refuses', response('completed', [part('output_text'), part('refusal')])],
    ["Anthropic's cut off message", { type: 'message', stop_reason: 'max_tokens' }],
    ['one that filled the context window', { type: 'message', stop_reason: 'model_context_window_exceeded' }],
    ["Anthropic's refusal", { type: 'message', stop_reason: 'refusal' }],
    ["the AI SDK's length", { text: 'Ye', finishReason: 'length' }],
    ["the AI SDK's filter", { text: '', finishReason: 'content-filter' }],
    ["the AI SDK's error", { text: '', finishReason: 'error' }],
    ["the AI SDK's interruption", { text: 'Ye', finishReason: 'interrupted' }],
    ['the length of its models', { content: [], finishReason: { unified: 'length', raw: 'max' } }],
  ])('%s', async (_name, answer) => {
    expect(await isKept(answer)).toBe(false)
  })

  test('what is so by a getter, as in the results of the AI SDK', async () => {
    class Result {
      get finishReason() {
        return 'length'
      }
    }
    expect(await isKept(new Result())).toBe(false)
  })
})

test('an answer that is not kept is given to all who waited, and asked for again', async () => {
  const cache = new ResponseCache()
  const fn = vi.fn(async () => chat('length'))
  const [first, second] = await Promise.all([cache.getOrSet('a', config, fn), cache.getOrSet('a', config, fn)])
  expect(first).toBe(second)
  expect(fn).toHaveBeenCalledTimes(1)
  await cache.getOrSet('a', config, fn)
  expect(fn).toHaveBeenCalledTimes(2)
})

describe('shouldStore', () => {
  test('decides instead', async () => {
    expect(await isKept(chat('length'), { shouldStore: () => true })).toBe(true)
    expect(await isKept('short', { shouldStore: (text: string) => text.length > 10 })).toBe(false)
  })

  test('is not asked about undefined, which is never kept', async () => {
    const shouldStore = vi.fn(() => true)
    expect(await isKept(undefined, { shouldStore })).toBe(false)
    expect(shouldStore).not.toHaveBeenCalled()
  })

  test('fails the call with what it throws', async () => {
    const failure = new Error('cannot say')
    const cache = new LRUCache()
    const shouldStore = () => {
      throw failure
    }
    await expect(cache.getOrSet('a', async () => 1, { shouldStore })).rejects.toBe(failure)
    expect(cache.has('a')).toBe(false)
  })
})

test('what set is given is kept, whatever it is', () => {
  const cache = new ResponseCache()
  cache.set('a', config, chat('length'))
  expect(cache.has('a', config)).toBe(true)
})

test('rows of a database and embeddings are no answers of models', async () => {
  const queries = new QueryCache()
  await queries.getOrSet('runs', undefined, async () => ({ finish_reason: 'length' }))
  expect(queries.has('runs')).toBe(true)
  const embeddings = new EmbeddingCache()
  await embeddings.getOrSet('a', async () => Object.assign([1], { finishReason: 'length' }))
  expect(embeddings.has('a')).toBe(true)
})
