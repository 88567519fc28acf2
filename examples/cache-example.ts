// The three caches of `cacheManager`: model responses, embeddings, and the results of database queries.

import { join } from 'node:path'
import { cacheManager } from '@aah/ai-evals-performance'
import OpenAI from 'openai'
import { loadDataset, type Question } from './evaluate/dataset.ts'
import { count, duration, percent, table } from './format.ts'
import { startModelServer } from './model-server.ts'

const modelConfig = { provider: 'local', model: 'local-small', temperature: 0 }

/** Asks the model only what it was not asked before. */
async function answer(client: OpenAI, question: string): Promise<string> {
  const cached = cacheManager.responseCache.get<string>(question, modelConfig)
  if (cached !== undefined) return cached
  const completion = await client.chat.completions.create({
    model: modelConfig.model,
    temperature: modelConfig.temperature,
    messages: [{ role: 'user', content: question }],
  })
  const response = completion.choices[0]?.message.content ?? ''
  cacheManager.responseCache.set(question, modelConfig, response)
  return response
}

/** Stands for an embedding model: counts the words of a text in 256 buckets, and scales the counts to length 1. */
function embed(text: string): number[] {
  const vector = new Array<number>(256).fill(0)
  for (const word of text.toLowerCase().match(/\p{L}{3,}/gu) ?? []) {
    let bucket = 0
    for (const letter of word) bucket = (bucket * 31 + (letter.codePointAt(0) as number)) % 256
    vector[bucket] = (vector[bucket] as number) + 1
  }
  const length = Math.hypot(...vector) || 1
  return vector.map((value) => value / length)
}

/** The embeddings of all texts; only those that are not cached are computed. */
function embeddings(texts: string[]): Map<string, number[]> {
  const found = cacheManager.embeddingCache.batchGet(texts)
  const missing = texts.filter((text) => found.get(text) === undefined)
  const computed = new Map(missing.map((text) => [text, embed(text)]))
  cacheManager.embeddingCache.batchSet(computed)
  return new Map(texts.map((text) => [text, (found.get(text) ?? computed.get(text)) as number[]]))
}

/** Stands for a database. */
function questionsAbout(dataset: Question[], params: { subject: string }): number {
  const query = 'SELECT count(*) FROM questions WHERE subject = :subject'
  const cached = cacheManager.queryCache.get<number>(query, params)
  if (cached !== undefined) return cached
  const result = dataset.filter(({ id }) => id.startsWith(`${params.subject}-`)).length
  cacheManager.queryCache.set(query, params, result)
  return result
}

async function timed(action: () => unknown): Promise<string> {
  const start = performance.now()
  await action()
  return duration(performance.now() - start)
}

async function main(): Promise<void> {
  const dataset = loadDataset(join(__dirname, 'datasets/arithmetic.jsonl'))
  const texts = dataset.map(({ question }) => question)
  const server = await startModelServer({ dataset, failureRate: 0 })
  const client = new OpenAI({ apiKey: 'local', baseURL: server.url })
  const subjects = ['shopping', 'geometry', 'calendar'].map((subject) => ({ subject }))

  const rows: string[][] = []
  const twice = async (name: string, action: () => unknown) =>
    rows.push([name, await timed(action), await timed(action)])
  await twice('20 model responses', () => Promise.all(texts.slice(0, 20).map((text) => answer(client, text))))
  await twice(`${texts.length} embeddings`, () => embeddings(texts))
  await twice(`${subjects.length} queries`, () => subjects.map((params) => questionsAbout(dataset, params)))
  await server.close()
  console.log(`${table(['', 'first time', 'second time'], rows)}\n`)
  console.log(`The model was asked ${server.stats.requests} times for 40 answers.\n`)

  const removed = cacheManager.queryCache.invalidate(/FROM questions/)
  console.log(`The questions changed: ${removed} query results were removed.\n`)

  const stats = Object.entries(cacheManager.getAllStats()).map(
    ([name, { entries, hits, misses, hitRate, ...rest }]) => [
      name,
      ...[entries, hits, misses].map(count),
      percent(hitRate),
      `${count(rest.memoryUsage / 1024)} KiB`,
      duration(rest.avgAccessTime),
    ],
  )
  console.log(table(['cache', 'entries', 'hits', 'misses', 'hit rate', 'memory', 'look-up'], stats))
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
