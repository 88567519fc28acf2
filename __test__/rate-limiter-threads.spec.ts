// Worker threads that share a limiter by its name.

import { type Permit, RateLimiter } from '@aah/ai-evals-performance'
import { afterEach, expect, test } from 'vitest'
import { endAll, Program } from './helpers/program.ts'
import { runProgram } from './helpers/run-program.ts'

const MINUTE = 60_000

afterEach(endAll)

function threads(count: number): Program[] {
  return Array.from({ length: count }, () => Program.thread())
}

test('all together start no more than one of them may, in any minute', async () => {
  const STEP = 2_000
  const limits = { requestsPerMinute: 20, tokensPerMinute: 300, name: 'minutes' }
  const limiter = new RateLimiter(limits)
  // Time passes for all threads at once, step by step, when each has seen the step before.
  const shift = new Float64Array(new SharedArrayBuffer(8))
  const users = threads(3)
  const open = users.map((user) =>
    user.run(
      ({ limits, shift }, { api, state }) => {
        const real = performance.now.bind(performance)
        const origin = Number(process.hrtime.bigint()) / 1e6 - real()
        performance.now = () => real() + origin + (shift[0] as number)
        const { setTimeout } = globalThis
        globalThis.setTimeout = ((callback: () => void, wait: number) => {
          const end = performance.now() + wait
          const timer = setInterval(() => {
            if (performance.now() < end) return
            clearInterval(timer)
            callback()
          }, 1)
          return timer
        }) as typeof setTimeout
        state.starts = []
        state.limiter = new api.RateLimiter(limits)
        state.limiter.getState()
        state.step = () => new Promise((resolve) => setTimeout(resolve, 2))
      },
      { limits, shift },
    ),
  )
  await Promise.all(open)
  const runs = users.map((user) =>
    user.run(async (_, { state }) => {
      const all = Array.from({ length: 30 }, async (_, index) => {
        const tokens = 1 + (index % 29)
        const permit = await state.limiter.acquire({ tokens })
        state.starts.push({ at: performance.now(), tokens })
        permit.release()
      })
      await Promise.all(all)
      return state.starts as { at: number; tokens: number }[]
    }),
  )
  let isOver = false
  const ended = Promise.all(runs).then((starts) => {
    isOver = true
    return starts.flat()
  })
  while (!isOver) {
    shift[0] = (shift[0] as number) + STEP
    await Promise.all(users.map((user) => user.run((_, { state }) => state.step())))
  }
  const starts = await ended
  expect(starts.length).toBe(90)
  // Between a start and its entry in the list is at most one step, and what a busy machine takes.
  const window = MINUTE - 2 * STEP
  for (const first of starts) {
    const inside = starts.filter(({ at }) => first.at <= at && at < first.at + window)
    expect(inside.length).toBeLessThanOrEqual(limits.requestsPerMinute)
    expect(inside.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(limits.tokensPerMinute)
  }
  expect(limiter.getState().waiting).toBe(0)
}, 120_000)

test('all together hold no more permits than allowed, and use them all', async () => {
  const limits = { requestsPerMinute: Number.POSITIVE_INFINITY, concurrency: 5, name: 'places' }
  const held = new Int32Array(new SharedArrayBuffer(4))
  const runs = threads(3).map((user) =>
    user.run(
      async ({ limits, held }, { api }) => {
        const limiter = new api.RateLimiter(limits)
        let most = 0
        const all = Array.from({ length: 300 }, async () => {
          const permit = await limiter.acquire()
          most = Math.max(most, Atomics.add(held, 0, 1) + 1)
          await new Promise(setImmediate)
          Atomics.sub(held, 0, 1)
          permit.release()
        })
        await Promise.all(all)
        return most
      },
      { limits, held },
    ),
  )
  expect(Math.max(...(await Promise.all(runs)))).toBe(limits.concurrency)
}, 120_000)

test('a thread that asks now and then gets its turn among threads that always ask', async () => {
  const limits = { requestsPerMinute: Number.POSITIVE_INFINITY, concurrency: 1, name: 'turns' }
  const isDone = new Int32Array(new SharedArrayBuffer(4))
  const users = threads(2)
  const runs = users.map((user) =>
    user.run(
      async ({ limits, isDone }, { api, say }) => {
        const limiter = new api.RateLimiter(limits)
        let count = 0
        const all = Array.from({ length: 20 }, async () => {
          while (Atomics.load(isDone, 0) === 0) {
            const permit = await limiter.acquire()
            if (count++ === 0) say('busy')
            await new Promise(setImmediate)
            permit.release()
          }
        })
        await Promise.all(all)
        return count
      },
      { limits, isDone },
    ),
  )
  for (const user of users) await user.heard(1)
  // Without turns this would wait until the others end, and they end when it does.
  const limiter = new RateLimiter(limits)
  for (let turn = 0; turn < 10; turn++) (await limiter.acquire()).release()
  Atomics.store(isDone, 0, 1)
  for (const count of await Promise.all(runs)) expect(count).toBeGreaterThan(0)
}, 120_000)

test.each([
  ['is terminated', (thread: Program) => thread.kill()],
  ['ends', (thread: Program) => thread.leave()],
])(
  'a thread that %s frees the permits it holds',
  async (_, end) => {
    const limits = { requestsPerMinute: 100, concurrency: 2, name: 'a thread that ends' }
    const limiter = new RateLimiter(limits)
    const thread = Program.thread()
    await thread.run(async (limits, { api, state }) => {
      const limiter = new api.RateLimiter(limits)
      state.permits = [await limiter.acquire(), await limiter.acquire()]
    }, limits)
    expect(limiter.getState().inFlight).toBe(2)
    expect(limiter.tryAcquire()).toEqual({ reason: 'concurrency', waitTime: Number.POSITIVE_INFINITY })
    const waiting = Promise.all([limiter.acquire(), limiter.acquire()])
    await end(thread)
    for (const permit of await waiting) permit.release()
    expect(limiter.getState()).toMatchObject({ inFlight: 0, waiting: 0 })
  },
  120_000,
)

test('a thread that is terminated while it waits keeps nobody back', async () => {
  const limits = { requestsPerMinute: 100, concurrency: 1, name: 'a thread that waits' }
  const limiter = new RateLimiter(limits)
  const permit = limiter.tryAcquire() as Permit
  const thread = Program.thread()
  const waits = await thread.run((limits, { api, state }) => {
    state.limiter = new api.RateLimiter(limits)
    void state.limiter.acquire()
    return new Promise((resolve) => setImmediate(() => resolve(state.limiter.getState().waiting)))
  }, limits)
  expect(waits).toBe(1)
  const waiting = limiter.acquire()
  await thread.kill()
  permit.release()
  const next = await waiting
  expect(limiter.getState()).toMatchObject({ inFlight: 1, waiting: 0 })
  next.release()
}, 120_000)

test('a limiter of other limits is refused in another thread too', async () => {
  const held = new RateLimiter({ requestsPerMinute: 100, name: 'disputed' })
  const opening = Program.thread().run((limits, { api }) => void new api.RateLimiter(limits), {
    requestsPerMinute: 60,
    name: 'disputed',
  })
  await expect(opening).rejects.toMatchObject({
    code: 'ERR_LIMITER_NAME',
    message: expect.stringContaining('`requestsPerMinute` is 100, not 60'),
  })
  expect(held.getState().requests).toBe(0)
}, 120_000)

const run = (body: string) =>
  runProgram(`
    const { Worker } = require('node:worker_threads')
    const { RateLimiter } = require('@aah/ai-evals-performance')
    ${body}`)

test('a process ends by itself when nobody waits, whatever is held', () => {
  const body = `
    const limits = { requestsPerMinute: 100, concurrency: 3, name: 'ends' }
    globalThis.limiter = new RateLimiter(limits)
    globalThis.permit = limiter.tryAcquire()
    const worker = new Worker(\`
      const { RateLimiter } = require('@aah/ai-evals-performance')
      const limiter = new RateLimiter(require('node:worker_threads').workerData)
      Promise.all([limiter.acquire(), limiter.acquire()]).then(([one]) => {
        const waiting = limiter.acquire()
        one.release()
        return waiting.then(() => console.log('served'))
      })\`, { eval: true, workerData: limits })`
  expect(run(body)).toEqual({ status: 0, stdout: 'served\n', stderr: '' })
}, 120_000)

test('a process does not end while somebody waits for a permit, be it one that another thread has to release', () => {
  const body = `
    const limits = { requestsPerMinute: 100, concurrency: 1, name: 'waits' }
    const limiter = new RateLimiter(limits)
    const worker = new Worker(\`
      const { parentPort, workerData } = require('node:worker_threads')
      const { RateLimiter } = require('@aah/ai-evals-performance')
      const permit = new RateLimiter(workerData).tryAcquire()
      parentPort.postMessage('held')
      parentPort.once('message', () => setTimeout(() => permit.release(), 200))\`, { eval: true, workerData: limits })
    worker.once('message', () => {
      limiter.acquire().then((permit) => console.log('served', permit !== undefined))
      worker.postMessage('release it')
      worker.unref()
    })`
  expect(run(body)).toEqual({ status: 0, stdout: 'served true\n', stderr: '' })
}, 120_000)
