// What runs many tasks, a hundred at a time, each way as its own documentation advises for a source of many. All take the
// same source, call the same function for each task and hand each result to `take`, or, where they collect them
// themselves, all of them to `hold`. Loaded when asked for.

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PEERS } from '../peers/install.mjs'

export const CONCURRENCY = 100

const peers = createRequire(join(PEERS, 'package.json'))
const peer = (name) => import(pathToFileURL(peers.resolve(name)))

/** The limits are there and never reached: what is measured is what they cost. */
async function executor() {
  const { ParallelExecutor } = await import('@aah/ai-evals-performance')
  const rateLimit = { requestsPerMinute: 1e9, tokensPerMinute: 1e15 }
  return new ParallelExecutor({ concurrency: CONCURRENCY, rateLimit })
}

async function iterate(results, take) {
  for await (const result of results) take(result)
}

export const contenders = {
  /** One after the other: what the source and the function cost. */
  async loop() {
    return async (source, work, { take }) => {
      for (const task of source) take(await work(task))
    }
  },

  async run() {
    const ours = await executor()
    return (source, work, { take }) => iterate(ours.run(source, work), take)
  },

  async 'run, unordered'() {
    const ours = await executor()
    return (source, work, { take }) => iterate(ours.run(source, work, { ordered: false }), take)
  },

  async executeTasksStreaming() {
    const ours = await executor()
    return async (source, work, { hold }) => hold(await ours.executeTasksStreaming(source, work))
  },

  async 'p-map'() {
    const { default: map } = await peer('p-map')
    return async (source, work, { hold }) => hold(await map(source, work, { concurrency: CONCURRENCY }))
  },

  async pMapIterable() {
    const { pMapIterable } = await peer('p-map')
    return (source, work, { take }) => iterate(pMapIterable(source, work, { concurrency: CONCURRENCY }), take)
  },

  async 'pMapIterable, unordered'() {
    const { pMapIterable } = await peer('p-map')
    const options = { concurrency: CONCURRENCY, preserveOrder: false }
    return (source, work, { take }) => iterate(pMapIterable(source, work, options), take)
  },

  async 'p-limit'() {
    const { default: limit } = await peer('p-limit')
    return async (source, work, { hold }) => hold(await limit(CONCURRENCY).map(source, work))
  },

  async 'p-queue'() {
    const { default: Queue } = await peer('p-queue')
    return async (source, work, { hold }) => {
      const queue = new Queue({ concurrency: CONCURRENCY })
      hold(await queue.addAll(Array.from(source, (task) => () => work(task))))
    }
  },

  /** It has backpressure for those who ask for it. */
  async 'p-queue, onSizeLessThan'() {
    const { default: Queue } = await peer('p-queue')
    return async (source, work, { take }) => {
      const queue = new Queue({ concurrency: CONCURRENCY })
      for (const task of source) {
        await queue.onSizeLessThan(CONCURRENCY)
        queue.add(() => work(task)).then(take)
      }
      await queue.onIdle()
    }
  },
}
