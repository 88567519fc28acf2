// One measurement of one contender in a process of its own: `node task.mjs TASK CONTENDER COUNT`. Prints JSON.
//
// Heap is `heapUsed` above what was there before the run. `cost` looks at every thousandth task and at the end: the young
// generation is kept small by `--max-semi-space-size`, so what is young and dead hardly counts, but what died old does
// until V8 collects it. `endless` collects garbage before it looks: what cannot be freed.

import { contenders } from './contenders.mjs'

const [task, name, countText] = process.argv.slice(2)
const count = Number(countText)

const WARM_UP = 100_000
/** Fewer tasks than this are run again and again until there were as many. */
const LEAST = 100_000
const SAMPLE_EVERY = 1_000

const ANSWER = { actual: 'yes', metadata: { tokenUsage: { total: 12 } } }
const answer = async () => ANSWER

function* source(length) {
  for (let index = 0; index < length; index++) {
    const id = String(index)
    yield { id, testCase: { id, input: 'May a student transfer in spring?', expected: 'yes' }, runnerConfig: MODEL }
  }
}
const MODEL = { model: 'm', maxTokens: 16 }

/** Counts the results, and holds the array of those that come as one while its heap is looked at. */
function sink(look = () => {}) {
  let taken = 0
  return {
    take: () => void taken++,
    hold(results) {
      taken += results.length
      look()
    },
    check(wanted) {
      if (taken !== wanted) throw new Error(`${name} gave ${taken} results of ${wanted}`)
    },
  }
}

async function pass(run, length, work, look) {
  const results = sink(look)
  await run(source(length), work, results)
  results.check(length)
}

const heap = () => process.memoryUsage().heapUsed

function collected() {
  gc()
  return heap()
}

const tasks = {
  /** Microseconds a task by the clock and by the processors, and the largest heap above that before. */
  async cost(run) {
    let before = heap()
    let peak = 0
    let calls = 0
    const look = () => {
      peak = Math.max(peak, heap() - before)
    }
    const work = async () => {
      if (++calls % SAMPLE_EVERY === 0) look()
      return ANSWER
    }
    const passes = Math.ceil(LEAST / count)
    // With the same function: what is compiled for another one may have to be compiled again.
    const part = Math.min(count, WARM_UP)
    for (let done = 0; done < WARM_UP; done += part) await pass(run, part, work, look)
    before = collected()
    peak = 0
    const cpu = process.cpuUsage()
    const start = performance.now()
    for (let done = 0; done < passes; done++) await pass(run, count, work, look)
    const wall = performance.now() - start
    const { user, system } = process.cpuUsage(cpu)
    const ran = count * passes
    return { wall: (wall * 1_000) / ran, cpu: (user + system) / ran, peak }
  },

  /** The first task ends after all others: what is held when half of them have ended, and when all have. */
  async endless(run) {
    await pass(run, 1_000, answer)
    gc()
    const before = heap()
    const seen = []
    let end
    let calls = 0
    const first = new Promise((resolve) => {
      end = resolve
    })
    const work = async ({ id }) => {
      if (id === '0') return first
      if (++calls === Math.ceil(count / 2) || calls === count) seen.push(collected() - before)
      if (calls === count) end(ANSWER)
      return ANSWER
    }
    await pass(run, count + 1, work)
    return { half: seen[0], all: seen[1] }
  },
}

contenders[name]()
  .then((run) => tasks[task](run))
  .then((result) => console.log(JSON.stringify(result)))
