// The SDK's calls as tasks of an executor, which alone tries again.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ParallelExecutor } from '@aah/ai-evals-performance'
import { executorOptions } from '@aah/ai-evals-performance/ai-sdk'
import { describe, expect, onTestFinished, test } from 'vitest'
import { task } from '../helpers/tasks.ts'
import { sdks } from './sdks.ts'

/** A provider that answers as `handle` does; counts the requests. */
async function provider(handle: (response: ServerResponse, request: IncomingMessage, count: number) => void) {
  const times: number[] = []
  const server = createServer((request, response) => {
    times.push(performance.now())
    request.resume()
    handle(response, request, times.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, times }
}

const failing =
  (status: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify({ error: { message: 'no', type: 't' } }))

const COMPLETION = JSON.stringify({
  id: 'c',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
})

describe.each(sdks)('AI SDK $version', ({ ai, createOpenAICompatible }) => {
  /** Runs one task, with the SDK told what `call` says, and the executor what `settings` say. */
  async function run(
    baseURL: string,
    { executor: settings, call }: { executor: object; call: object },
    more: object = {},
  ) {
    const model = createOpenAICompatible({ name: 'p', baseURL, ...more })('m')
    const executor = new ParallelExecutor({ ...settings })
    const [result] = await executor.executeTasks([task('1')], async (_, { signal }) => {
      const { text, usage } = await ai.generateText({ ...call, model, prompt: 'a', abortSignal: signal })
      return { actual: text, metadata: { tokenUsage: usage as any } }
    })
    return result!
  }
  const quick = (attempts: number) => executorOptions({ attempts, baseDelay: 0 })

  test.each([429, 500, 503])(
    'a provider that always fails with %i gets as many requests as there are attempts',
    async (status) => {
      const { baseURL, times } = await provider(failing(status))
      const { error } = await run(baseURL, quick(3))
      expect(times).toHaveLength(3)
      expect(error).toMatchObject({ retryable: true, cause: { statusCode: status } })
    },
  )

  test('what would happen without them: the tries of both multiply', async () => {
    const { baseURL, times } = await provider(failing(500, { 'retry-after-ms': '1' }))
    await run(baseURL, { ...quick(2), call: { maxRetries: 1 } })
    expect(times).toHaveLength(4)
  })

  test('waits as long as the provider asks for', async () => {
    const { baseURL, times } = await provider((response, _, count) => {
      if (count === 1) failing(429, { 'retry-after-ms': '150' })(response)
      else response.writeHead(200, { 'content-type': 'application/json' }).end(COMPLETION)
    })
    const { result } = await run(baseURL, quick(3))
    expect(result).toMatchObject({ actual: 'yes' })
    expect(times).toHaveLength(2)
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(149)
  })

  test.each([400, 401, 404])('a request that was refused with %i is not repeated', async (status) => {
    const { baseURL, times } = await provider(failing(status))
    expect((await run(baseURL, quick(5))).error).toMatchObject({ retryable: false })
    expect(times).toHaveLength(1)
  })

  test('what the provider knows to be final is not repeated, whatever its status', async () => {
    const model = (count: { calls: number }) => async () => {
      count.calls++
      throw new ai.APICallError({
        message: 'the budget is spent',
        url: 'http://127.0.0.1',
        requestBodyValues: {},
        statusCode: 429,
        isRetryable: false,
      })
    }
    const count = { calls: 0 }
    const [result] = await new ParallelExecutor(quick(5).executor).executeTasks([task('1')], model(count))
    expect(count.calls).toBe(1)
    expect(result!.error).toMatchObject({ retryable: false })
  })

  test('an unreachable provider is tried again', async () => {
    const { error } = await run('http://127.0.0.1:9', quick(2))
    expect(error).toMatchObject({ retryable: true })
  })
})

test('says what to set', () => {
  expect(executorOptions()).toEqual({
    executor: { retry: { attempts: 6, baseDelay: 1_000, maxDelay: 60_000 } },
    call: { maxRetries: 0 },
  })
  expect(executorOptions({ attempts: 2 }).executor.retry).toMatchObject({ attempts: 2, baseDelay: 1_000 })
  expect(() => executorOptions({ attempts: 0 })).toThrow(/`retry.attempts` to be an integer ≥ 1/)
  expect(() => executorOptions(7 as any)).toThrow(/`retry` to be an object/)
})
