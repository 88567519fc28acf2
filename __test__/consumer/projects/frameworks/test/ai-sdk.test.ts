import { simulateReadableStream } from 'ai'
import { MockEmbeddingModelV4, MockLanguageModelV4 } from 'ai/test'
import { expect, test } from 'vitest'
import { asking, embeddings, streamed } from '../src/ai-sdk.mjs'

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
}
const finishReason = { unified: 'stop' as const, raw: 'stop' }

test('a model of the AI SDK is asked once for each question and sample', async () => {
  let count = 0
  const model = new MockLanguageModelV4({
    doGenerate: async () => {
      const text = `answer ${++count}`
      return { content: [{ type: 'text', text }], finishReason, usage, warnings: [] }
    },
  })
  const ask = asking(model)
  expect(await ask(['a'])).toEqual(['answer 1'])
  expect(await ask(['a', 'a'])).toEqual(['answer 1', 'answer 1'])
  expect(await ask(['a'], 1)).toEqual(['answer 2'])
})

test('so is one that streams, and one that embeds', async () => {
  const model = new MockLanguageModelV4({
    doStream: async () => ({
      stream: simulateReadableStream({
        chunks: [
          { type: 'stream-start', warnings: [] },
          { type: 'text-start', id: '1' },
          { type: 'text-delta', id: '1', delta: 'text' },
          { type: 'text-end', id: '1' },
          { type: 'finish', finishReason, usage },
        ],
      }),
    }),
  })
  expect([await streamed(model, 'a'), await streamed(model, 'a')]).toEqual(['text', 'text'])
  expect(model.doStreamCalls).toHaveLength(1)
  const embedder = new MockEmbeddingModelV4({
    doEmbed: async ({ values }) => ({ embeddings: values.map((value) => [value.length]), warnings: [] }),
  })
  expect(await embeddings(embedder, ['a', 'bb', 'a'])).toEqual([[1], [2], [1]])
  expect(await embeddings(embedder, ['bb', 'ccc'])).toEqual([[2], [3]])
})
