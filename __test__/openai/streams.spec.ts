// Streams that are left, cut off, or read by several at once.

import type { ServerResponse } from 'node:http'
import { ResponseCache } from '@aah/ai-evals-performance'
import { cached, isCached } from '@aah/ai-evals-performance/openai'
import fc from 'fast-check'
import OpenAI from 'openai'
import OpenAI7 from 'openai-7'
import { describe, expect, it } from 'vitest'
import { collect, QUESTION, startTestServer } from '../helpers/model-server.ts'
import { chunk, END, eventually, startScript } from '../helpers/script-server.ts'

const request: OpenAI.ChatCompletionCreateParamsStreaming = {
  model: 'sure',
  messages: [{ role: 'user', content: QUESTION }],
  stream: true,
}
const CLIENTS = { 6: OpenAI, 7: OpenAI7 as unknown as typeof OpenAI }

function contentOf({ choices }: OpenAI.ChatCompletionChunk): string | null | undefined {
  return choices[0]?.delta.content
}

describe.each([6, 7] as const)('the client of openai %i', (major) => {
  async function start() {
    const script = await startScript()
    const cache = new ResponseCache()
    const client = new CLIENTS[major]({ apiKey: 'any', baseURL: script.url, logLevel: 'off' })
    const openai = cached(client, { cache })
    return { ...script, cache, openai, ask: (options?: object) => openai.chat.completions.create(request, options) }
  }

  it('gives each chunk when it comes, to all who read', async () => {
    const { ask, responses, arrived } = await start()
    const first = ask()
    await arrived(1)
    const second = ask()
    const readers = [await first, await second].map((stream) => stream[Symbol.asyncIterator]())
    for (const content of ['a', 'b']) {
      responses[0]!.write(chunk(content))
      for (const reader of readers) expect(contentOf((await reader.next()).value)).toBe(content)
    }
    const late = (await ask())[Symbol.asyncIterator]()
    expect(contentOf((await late.next()).value)).toBe('a')
    responses[0]!.end(END)
    for (const reader of readers) expect((await reader.next()).done).toBe(false)
    for (const reader of readers) expect((await reader.next()).done).toBe(true)
    expect(responses).toHaveLength(1)
    expect([isCached(await first), isCached(await second)]).toEqual([false, true])
    expect((await collect(await ask())).map(contentOf)).toEqual(['a', 'b', ''])
    expect(responses).toHaveLength(1)
  })

  it('goes on for the others when the first reader stops, or never begins', async () => {
    const { ask, responses, arrived, closed } = await start()
    const first = ask()
    await arrived(1)
    responses[0]!.write(chunk('a'))
    const idle = await ask()
    const other = await ask()
    for await (const _ of await first) break
    for (let index = 0; index < 200; index++) responses[0]!.write(chunk('x'))
    responses[0]!.end(END)
    expect(await collect(other)).toHaveLength(202)
    expect(closed[0]).toBe(true)
    expect(await collect(await ask())).toHaveLength(202)
    expect(responses).toHaveLength(1)
    expect(await collect(idle)).toHaveLength(202)
  })

  it('hangs up when nobody is left, and keeps nothing', async () => {
    const { ask, responses, arrived, closed, cache } = await start()
    const first = ask()
    await arrived(1)
    responses[0]!.write(chunk('a'))
    const other = await ask()
    for await (const _ of await first) break
    expect(closed[0]).toBe(false)
    other.controller.abort()
    await eventually(() => expect(closed[0]).toBe(true))
    expect(cache.getStats().size).toBe(0)
    const again = ask()
    await arrived(2)
    responses[1]!.end(END)
    expect(await collect(await again)).toHaveLength(1)
    expect(cache.getStats().size).toBe(1)
  })

  it('ends for whoever aborts his signal in the middle, also before anything came', async () => {
    const { ask, arrived, closed, responses } = await start()
    const controller = new AbortController()
    const stream = ask({ signal: controller.signal })
    await arrived(1)
    responses[0]!.write(chunk('a'))
    const contents: unknown[] = []
    for await (const part of await stream) {
      contents.push(contentOf(part))
      controller.abort()
    }
    expect(contents).toEqual(['a'])
    await eventually(() => expect(closed[0]).toBe(true))
    const early = new AbortController()
    early.abort()
    await expect(ask({ signal: early.signal })).rejects.toBeInstanceOf(CLIENTS[major].APIUserAbortError)
    expect(responses).toHaveLength(1)
  })

  it('ends a stream with the failure of a function of the user, when all of it was given', async () => {
    const { url, responses, arrived } = await startScript()
    const failure = new Error('mine')
    const cost = () => {
      throw failure
    }
    const openai = cached(new CLIENTS[major]({ apiKey: 'any', baseURL: url }), { cost })
    const asked = openai.chat.completions.create(request).asResponse()
    await arrived(1)
    responses[0]!.end(chunk('a') + END)
    const reader = (await asked).body!.getReader()
    for (let event = 0; event < 3; event++) expect((await reader.read()).done).toBe(false)
    await expect(reader.read()).rejects.toBe(failure)
  })

  it.each([
    ['ends without its last event', (response: ServerResponse) => void response.end(chunk('b', 'stop'))],
    ['ends before the answer does', (response: ServerResponse) => void response.end('data: [DONE]\n\n')],
    ['breaks', (response: ServerResponse) => void setImmediate(() => response.destroy())],
    ['tells of an error', (response: ServerResponse) => void response.end('data: {"error":{"message":"no"}}\n\n')],
  ])('keeps no stream that %s', async (_, end) => {
    const { ask, responses, arrived, cache } = await start()
    const stream = ask()
    await arrived(1)
    responses[0]!.write(chunk('a'))
    const reader = (await stream)[Symbol.asyncIterator]()
    expect(contentOf((await reader.next()).value)).toBe('a')
    end(responses[0]!)
    for (let ended = false; !ended; )
      ended = await reader.next().then(
        ({ done }) => done === true,
        () => true,
      )
    expect(cache.getStats().size).toBe(0)
    const again = ask()
    await arrived(2)
    responses[1]!.end(chunk('c') + END)
    expect((await collect(await again)).map(contentOf)).toEqual(['c', ''])
    expect(cache.getStats().size).toBe(1)
  })

  it('keeps an answer whose connection never ends', async () => {
    const { ask, responses, arrived, cache } = await start()
    const stream = ask()
    await arrived(1)
    responses[0]!.write(chunk('a') + END)
    const reader = (await stream)[Symbol.asyncIterator]()
    await reader.next()
    await eventually(() => expect(cache.getStats().size).toBe(1))
    expect((await collect(await ask())).map(contentOf)).toEqual(['a', ''])
  })
})

it('fails a stream that the server cuts off as the client itself does, and asks again', async () => {
  const { server, openai } = await startTestServer({ cutStreamsAfter: 3 })
  const client = cached(openai)
  const failureOf = async (asked: OpenAI) => {
    const chunks: unknown[] = []
    try {
      for await (const part of await asked.chat.completions.create(request)) chunks.push(part)
    } catch (error) {
      return { name: (error as Error).name, count: chunks.length }
    }
    return 'none'
  }
  expect(await failureOf(client)).toEqual(await failureOf(openai))
  await failureOf(client)
  expect(server.stats).toMatchObject({ requests: 3, brokenStreams: 3 })
})

it('replays what was live, however the bytes were parted on the way', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat(40), { maxLength: 30 }),
      fc.constantFrom('\n', '\r\n'),
      async (contents, cuts, newline) => {
        const whole = `: a comment\n\n${contents.map((content) => chunk(content)).join('')}${END}`
        const bytes = Buffer.from(whole.replaceAll('\n', newline))
        const fetchParts = async () => {
          const parts = new ReadableStream({
            start(controller) {
              let begin = 0
              for (const length of [...cuts, bytes.length]) {
                controller.enqueue(new Uint8Array(bytes.subarray(begin, begin + length)))
                begin += length
              }
              controller.close()
            },
          })
          return new Response(parts, { headers: { 'content-type': 'text/event-stream' } })
        }
        const plain = new OpenAI({ apiKey: 'any', fetch: fetchParts })
        const openai = cached(plain)
        const expected = await collect(await plain.chat.completions.create(request))
        const live = await collect(await openai.chat.completions.create(request))
        const replayed = await openai.chat.completions.create(request)
        expect(live).toEqual(expected)
        expect(isCached(replayed)).toBe(true)
        expect(await collect(replayed)).toEqual(expected)
      },
    ),
    { numRuns: 60 },
  )
})
