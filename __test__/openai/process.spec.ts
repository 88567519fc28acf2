// Other processes, with a store between them.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../helpers/folders.ts'
import { QUESTION, startTestServer } from '../helpers/model-server.ts'

const PROGRAM = `
const { ResponseCache } = require('@aah/ai-evals-performance')
const { cached } = require('@aah/ai-evals-performance/openai')
const { OpenAI } = require('openai')
const [url, store, content] = process.argv.slice(1)
async function run() {
  const cache = new ResponseCache({ store })
  const openai = cached(new OpenAI({ apiKey: 'any', baseURL: url }), { cache })
  const body = { model: 'sure', messages: [{ role: 'user', content }] }
  const { choices } = await openai.chat.completions.create(body)
  const chunks = []
  for await (const chunk of await openai.chat.completions.create({ ...body, stream: true })) chunks.push(chunk)
  const { data } = await openai.embeddings.create({ model: 'local-embedding', input: [content, 'more'] })
  // Left in the middle, and nothing waits for it.
  for await (const _ of await openai.chat.completions.create({ ...body, stream: true, seed: Math.random() })) break
  await cache.close()
  console.log(JSON.stringify({ choices, chunks, data }))
}
run()
`

async function runProcess(url: string, store: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', PROGRAM, url, store, QUESTION])
  return JSON.parse(stdout)
}

it('asks once for what two processes ask for, at once or one after the other, and keeps neither alive', async () => {
  const { server } = await startTestServer({ medianLatency: 100 })
  const store = temporaryFolder()
  const [one, two] = await Promise.all([runProcess(server.url, store), runProcess(server.url, store)])
  expect(two).toEqual(one)
  expect(await runProcess(server.url, store)).toEqual(one)
  // The streams that are left are three.
  expect(server.stats.requests).toBe(3 + 3)
}, 60_000)
