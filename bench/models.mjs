// What a call costs that the cache answers, beside the same call of a model in this process that answers at once, without
// our cache: `npm run bench -- models`. What the two have in common is the work of the SDK or client itself.
//
// Rounds of both alternate. Shown are medians over the rounds of what a call took in a round, and of their differences.

import { ResponseCache } from '@aah/ai-evals-performance'
import { cacheMiddleware } from '@aah/ai-evals-performance/ai-sdk'
import { cached } from '@aah/ai-evals-performance/openai'
import { generateText, simulateReadableStream, streamText, wrapLanguageModel } from 'ai'
import { MockLanguageModelV3 } from 'ai/test'
import OpenAI from 'openai'

const ROUNDS = Number(process.env.ROUNDS ?? 25)
const CALLS = Number(process.env.CALLS ?? 100)

const prompt = 'Who may transfer, and by when? '.repeat(60)
const words = Array.from({ length: 100 }, (_, index) => `word ${index} `)
const text = words.join('')
const usage = { inputTokens: { total: 400 }, outputTokens: { total: 200 } }
const finishReason = { unified: 'stop', raw: 'stop' }
const parts = [
  { type: 'stream-start', warnings: [] },
  { type: 'text-start', id: '1' },
  ...words.map((delta) => ({ type: 'text-delta', id: '1', delta })),
  { type: 'text-end', id: '1' },
  { type: 'finish', finishReason, usage },
]
const mock = {
  doGenerate: async () => ({ content: [{ type: 'text', text }], finishReason, usage, warnings: [] }),
  doStream: async () => ({
    stream: simulateReadableStream({ chunks: parts, initialDelayInMs: null, chunkDelayInMs: null }),
  }),
}
// Its methods alone: those of the mock would remember each call.
const plainModel = Object.assign(new MockLanguageModelV3(), mock)
const cachedModel = wrapLanguageModel({
  model: plainModel,
  middleware: cacheMiddleware({ cache: new ResponseCache() }),
})

const completion = JSON.stringify({
  id: 'c',
  object: 'chat.completion',
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 400, completion_tokens: 200, total_tokens: 600 },
})
const events = words.map((content) => JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content } }] }))
events.push(JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }), '[DONE]')
const stream = events.map((event) => `data: ${event}\n\n`).join('')
const plainClient = new OpenAI({
  apiKey: 'any',
  fetch: async (_url, { body }) => {
    const isStreamed = JSON.parse(body).stream === true
    const type = isStreamed ? 'text/event-stream' : 'application/json'
    return new Response(isStreamed ? stream : completion, { headers: { 'content-type': type } })
  },
})
const cachedClient = cached(plainClient)
const request = { model: 'm', messages: [{ role: 'user', content: prompt }] }

async function count(stream) {
  let items = 0
  for await (const _ of stream) items++
  return items
}

const cases = {
  generateText: (model) => async () => (await generateText({ model, prompt })).text.length,
  streamText: (model) => async () => count(streamText({ model, prompt }).textStream),
  'chat.completions.create': (client) => async () =>
    (await client.chat.completions.create(request)).choices[0].message.content.length,
  'the same, streamed': (client) => async () =>
    count(await client.chat.completions.create({ ...request, stream: true })),
}

function median(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]
}

async function timeOf(ask) {
  const begun = performance.now()
  for (let call = 0; call < CALLS; call++) await ask()
  return ((performance.now() - begun) / CALLS) * 1_000
}

console.log('µs a call                   hit   uncached mock   difference')
for (const [name, askFor] of Object.entries(cases)) {
  const isClient = !name.endsWith('Text')
  const hit = askFor(isClient ? cachedClient : cachedModel)
  const plain = askFor(isClient ? plainClient : plainModel)
  // Both answer alike, and both are warm.
  for (let round = 0; round < 3; round++) {
    await timeOf(hit)
    await timeOf(plain)
  }
  if ((await hit()) !== (await plain())) throw new Error(`${name} answers differently from the cache`)
  const times = []
  for (let round = 0; round < ROUNDS; round++) times.push([await timeOf(hit), await timeOf(plain)])
  const numbers = [
    median(times.map(([hit]) => hit)),
    median(times.map(([, plain]) => plain)),
    median(times.map(([hit, plain]) => hit - plain)),
  ]
  const [ours, theirs, more] = numbers.map((number) => number.toFixed(0))
  console.log(`${name.padEnd(24)}${ours.padStart(7)}${theirs.padStart(16)}${more.padStart(13)}`)
}
