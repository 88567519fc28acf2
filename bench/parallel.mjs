// What an executor costs by itself: a million tasks that do nothing, from a generator, a hundred at a time, beside p-map,
// p-limit, p-queue and the bare loop. `npm run bench -- parallel` prints time and heap a contender, how the cost of a task
// grows with their number, what a task that never ends makes the others leave behind, and of each target whether it is
// met.
//
// Each measurement is a process of its own. Rounds of all contenders alternate, and the best of the rounds counts: what a
// busy machine adds is not theirs. What a task costs is the smaller of the two times, the clock's and the processors': on
// a machine with nothing else to do the clock's, since V8 collects garbage in threads beside; on a busy one the other.
// Ratios are of those.

import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { CONCURRENCY, contenders } from './parallel/contenders.mjs'
import { installPeers } from './peers/install.mjs'

const ROUNDS = Number(process.env.ROUNDS ?? 5)
const TASKS = Number(process.env.TASKS ?? 1_000_000)
const OTHERS = 200_000
const COUNTS = [10_000, 100_000, TASKS]

const OURS = ['run', 'run, unordered', 'executeTasksStreaming']
const MAIN = OURS[0]
/** They hand results over one by one, so that nothing has to be held while one task lasts. */
const UNORDERED = ['run, unordered', 'pMapIterable, unordered', 'p-queue, onSizeLessThan']

const task = fileURLToPath(new URL('parallel/task.mjs', import.meta.url))

function measure(what, name, count) {
  const args = ['--expose-gc', '--max-semi-space-size=1', '--max-old-space-size=4096', task, what, name, String(count)]
  const child = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (child.status === 0) return JSON.parse(child.stdout)
  throw new Error(`${name} could not ${what}:\n${child.stderr}`)
}

/** The smallest of each figure over the rounds, by contender. */
function best(what, names, count, rounds = ROUNDS) {
  const results = new Map()
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const figures = Object.entries(measure(what, name, count))
      const before = results.get(name) ?? {}
      results.set(name, Object.fromEntries(figures.map(([key, value]) => [key, Math.min(value, before[key] ?? value)])))
    }
  }
  return results
}

const cost = ({ wall, cpu }) => Math.min(wall, cpu)
const megabytes = (bytes) => bytes / 1e6
const fixed = (value, digits = 2) => value.toFixed(digits).padStart(9)
const whole = (count) => count.toLocaleString('en-US')

const verdicts = []
function target(text, figure, limit, unit) {
  const verdict = figure <= limit ? 'met   ' : 'MISSED'
  verdicts.push(`  ${verdict}  ${text}: ${figure.toFixed(2)}${unit} (target ≤ ${limit}${unit})`)
}

function compare() {
  const names = Object.keys(contenders)
  const times = best('time', names, TASKS)
  const peaks = best('peak', names, TASKS, 1)
  const lives = best('live', names, TASKS, 1)
  const above = (results, name) => megabytes(results.get(name).bytes - results.get('loop').bytes)

  console.log(`\n${whole(TASKS)} tasks, ${CONCURRENCY} at a time: time a task; heap above the bare loop's`)
  console.log(`  ${''.padEnd(26)}  clock µs   CPU µs     × ${MAIN}   peak MB   live MB`)
  for (const name of names) {
    const { wall, cpu } = times.get(name)
    const ratio = cost({ wall, cpu }) / cost(times.get(MAIN))
    const columns = [wall, cpu, ratio].map((value) => fixed(value))
    const heaps = [peaks, lives].map((results) => fixed(above(results, name), 1))
    console.log(`  ${name.padEnd(26)}${[...columns, ...heaps].join(' ')}`)
  }
  for (const name of OURS) target(`${name}, a task`, cost(times.get(name)), 4, ' µs')
  for (const name of OURS.slice(0, 2)) target(`${name}, peak heap`, above(peaks, name), 16, ' MB')
}

function grow() {
  console.log('\nCost of a task as there are more of them, µs')
  console.log(`  ${''.padEnd(26)}${COUNTS.map((count) => whole(count).padStart(9)).join(' ')}    growth`)
  const results = COUNTS.map((count) => best('time', ['loop', ...OURS], count))
  for (const name of ['loop', ...OURS]) {
    const times = results.map((result) => cost(result.get(name)))
    const growth = times.at(-1) / times[0]
    console.log(`  ${name.padEnd(26)}${[...times, growth].map((value) => fixed(value)).join(' ')}`)
    if (name !== 'loop') target(`${name}, growth from ${whole(COUNTS[0])} to ${whole(TASKS)}`, growth, 1.2, '×')
  }
}

function endless() {
  console.log(
    `\nOne task that lasts as long as ${whole(OTHERS)} others: live heap after half of them and after all, MB`,
  )
  const results = best('endless', UNORDERED, OTHERS, 1)
  for (const [name, { half, all }] of results) {
    console.log(`  ${name.padEnd(26)}${fixed(megabytes(half))} ${fixed(megabytes(all))}`)
  }
  const { half, all } = results.get(UNORDERED[0])
  target(`${UNORDERED[0]}, growth beside a task that never ends`, megabytes(all - half), 1, ' MB')
}

installPeers(['p-map', 'p-limit', 'p-queue'], { optional: false })
console.log(`${cpus().length} × ${cpus()[0].model}, Node ${process.versions.node}, best of ${ROUNDS} rounds`)
compare()
grow()
endless()
console.log(`\nTargets\n${verdicts.join('\n')}`)
