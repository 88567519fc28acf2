// Other processes, with a store between them.

import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { expect, it, onTestFinished } from 'vitest'
import { deferred } from '../helpers/deferred.ts'
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

const THREAD = `
const { parentPort, workerData } = require('node:worker_threads')
const { ResponseCache } = require('@aah/ai-evals-performance')
const { cached } = require('@aah/ai-evals-performance/openai')
const OpenAI = require('openai')
const { url, store } = workerData
const cache = new ResponseCache({ store })
const openai = cached(new OpenAI({ apiKey: 'any', baseURL: url }), { cache })
const messages = [{ role: 'user', content: 'What?' }]
const failureOf = (error) => [error.constructor.name, error.status, error.headers?.get('x-told'), error.message]
const asked = openai.chat.completions.create({ model: 'm', messages }).catch(failureOf)
setImmediate(() => parentPort.postMessage('asked'))
asked.then((failure) => cache.close().then(() => parentPort.postMessage(failure)))
`

it('fails in every thread that waits for a request with the client’s own error', async () => {
  const { promise: bothAsked, resolve: answer } = deferred<void>()
  const server = createServer(async (message, response) => {
    message.resume()
    await bothAsked
    response.writeHead(429, { 'content-type': 'application/json', 'x-told': 'yes' })
    response.end('{"error":{"message":"slowly"}}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const workerData = { url, store: temporaryFolder() }
  let asked = 0
  const failures = [1, 2].map(
    () =>
      new Promise((resolve, reject) => {
        const worker = new Worker(THREAD, { eval: true, workerData })
        worker.on('error', reject)
        worker.on('message', (message) => {
          if (message !== 'asked') resolve(message)
          else if (++asked === 2) answer()
        })
      }),
  )
  const failure = ['RateLimitError', 429, 'yes', '429 slowly']
  expect(await Promise.all(failures)).toEqual([failure, failure])
}, 60_000)
