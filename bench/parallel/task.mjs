// One measurement of one contender in a process of its own: `node task.mjs TASK CONTENDER COUNT`. Prints JSON.
//
// Heap is `heapUsed` above what was there before the run, and is seen two ways, the same for all. `peak` samples it at
// every thousandth task and at the end: the young generation is kept small by `--max-semi-space-size`, so what is young
// and dead hardly counts, but what died old does until V8 collects it. `live` collects garbage at twenty moments of the
// run and looks then: what cannot be freed.

import { contenders } from './contenders.mjs'

const [task, name, countText] = process.argv.slice(2)
const count = Number(countText)

const WARM_UP = 50_000
const SAMPLE_EVERY = 1_000
const COLLECTIONS = 20

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

/** The largest heap above that before, seen by `look` at every so many calls of the function. */
async function largest(run, every, look) {
  await pass(run, 1_000, answer)
  gc()
  const before = heap()
  let most = 0
  let calls = 0
  const see = () => {
    most = Math.max(most, look() - before)
  }
  await pass(
    run,
    count,
    async () => {
      if (++calls % every === 0) see()
      return ANSWER
    },
    see,
  )
  return { bytes: most }
}

function collected() {
  gc()
  return heap()
}

const tasks = {
  async time(run) {
    await pass(run, WARM_UP, answer)
    gc()
    const cpu = process.cpuUsage()
    const start = performance.now()
    await pass(run, count, answer)
    const wall = performance.now() - start
    const { user, system } = process.cpuUsage(cpu)
    return { wall: (wall * 1_000) / count, cpu: (user + system) / count }
  },

  peak: (run) => largest(run, SAMPLE_EVERY, heap),

  live: (run) => largest(run, Math.ceil(count / COLLECTIONS), collected),

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
