import { ResponseCache } from '@aah/ai-evals-performance'
import { cached, isCached } from '@aah/ai-evals-performance/openai'
import OpenAI from 'openai'
import OpenAI7 from 'openai-7'
import { describe, expect, it } from 'vitest'
import { startTestServer } from '../helpers/model-server.ts'

const CLIENTS = { 6: OpenAI, 7: OpenAI7 as unknown as typeof OpenAI }
const model = 'local-embedding'

describe.each([6, 7] as const)('embeddings of the client of openai %i', (major) => {
  async function start() {
    const { server } = await startTestServer()
    const asked: unknown[] = []
    const client = new CLIENTS[major]({
      apiKey: 'any',
      baseURL: server.url,
      fetch: (url, init) => {
        asked.push(JSON.parse(init!.body as string).input)
        return fetch(url as string, init)
      },
    })
    const cache = new ResponseCache()
    return { client, cache, openai: cached(client, { cache }), asked, stats: server.stats }
  }

  it('asks for what is missing only, each once, and gives all in their order', async () => {
    const { client, openai, asked } = await start()
    const all = await client.embeddings.create({ model, input: ['a', 'b', 'c', 'b', 'd'] })
    await openai.embeddings.create({ model, input: ['c', 'a'] })
    const mixed = await openai.embeddings.create({ model, input: ['a', 'b', 'c', 'b', 'd'] })
    expect(asked.slice(1)).toEqual([
      ['c', 'a'],
      ['b', 'd'],
    ])
    expect(mixed.data).toEqual(all.data)
    expect({ ...mixed, usage: 0 }).toEqual({ ...all, usage: 0 })
    const { usage } = await client.embeddings.create({ model, input: ['b', 'd'] })
    expect(mixed.usage).toEqual(usage)
  })

  it('gives what is there without asking, with a usage of nothing', async () => {
    const { openai, asked } = await start()
    const first = await openai.embeddings.create({ model, input: 'a' })
    const second = await openai.embeddings.create({ model, input: ['a'] })
    expect(second).toEqual({ ...first, usage: { prompt_tokens: 0, total_tokens: 0 } })
    expect([isCached(first), isCached(second)]).toEqual([false, true])
    expect(asked).toEqual(['a'])
  })

  it('keeps models, dimensions and forms apart, and leaves out who asks', async () => {
    const { openai, asked } = await start()
    const ask = (more: object) => openai.embeddings.create({ model, input: 'a', ...more })
    const base64 = await ask({ encoding_format: 'base64' })
    const floats = await ask({ encoding_format: 'float' })
    expect(base64.data[0]!.embedding).toBeTypeOf('string')
    expect(floats.data[0]!.embedding).toHaveLength(16)
    expect((await ask({ dimensions: 4 })).data[0]!.embedding).toHaveLength(4)
    expect(asked).toHaveLength(3)
    expect(await ask({ encoding_format: 'base64', user: 'me' })).toMatchObject({ data: base64.data })
    expect(asked).toHaveLength(3)
  })

  it('lets two lists that are asked for at once share what they have in common', async () => {
    const { openai, asked } = await start()
    const lists = [
      ['a', 'b'],
      ['b', 'c'],
    ]
    const [one, two] = await Promise.all(lists.map((input) => openai.embeddings.create({ model, input })))
    expect(asked).toEqual([['a', 'b'], ['c']])
    expect(two!.data[0]!.embedding).toEqual(one!.data[1]!.embedding)
  })

  it('gives no two callers the same array', async () => {
    const { openai } = await start()
    const ask = async () => (await openai.embeddings.create({ model, input: 'a' })).data[0]!.embedding
    const first = await ask()
    const expected = [...first]
    first[0] = 9
    expect(await ask()).toEqual(expected)
  })

  it('hands an error on as the client makes it', async () => {
    const { openai } = await start()
    await expect(openai.embeddings.create({ model: 'none', input: ['a'] })).rejects.toBeInstanceOf(
      CLIENTS[major].NotFoundError,
    )
  })

  it('counts what hits save', async () => {
    const { openai, cache } = await start()
    const { usage } = await openai.embeddings.create({ model, input: ['one two', 'three'] })
    await openai.embeddings.create({ model, input: ['one two', 'three'] })
    expect(cache.getStats().savings.tokens).toBeCloseTo(usage.total_tokens)
  })
})

it('embeds lists of tokens as it does texts', async () => {
  const asked: unknown[] = []
  const client = new OpenAI({
    apiKey: 'any',
    fetch: async (_, init) => {
      const { input } = JSON.parse(init!.body as string)
      asked.push(input)
      const inputs: number[][] = Array.isArray(input[0]) ? input : [input]
      const data = inputs.map((tokens, index) => ({ object: 'embedding', index, embedding: [tokens.length] })).reverse()
      return Response.json({ object: 'list', model, data, usage: { prompt_tokens: 3, total_tokens: 3 } })
    },
  })
  const openai = cached(client)
  const embed = async (input: number[] | number[][]) => {
    const { data } = await openai.embeddings.create({ model, input, encoding_format: 'float' })
    return data.map(({ embedding }) => embedding)
  }
  expect(await embed([1, 2, 3])).toEqual([[3]])
  expect(await embed([[4, 5], [1, 2, 3], [6]])).toEqual([[2], [3], [1]])
  expect(asked).toEqual([
    [1, 2, 3],
    [[4, 5], [6]],
  ])
})
