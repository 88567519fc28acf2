// What an executor costs by itself: a million tasks that do nothing, from a generator, a hundred at a time, beside p-map,
// p-limit, p-queue and the bare loop. `npm run bench -- parallel` prints time and heap a contender, how the cost of a task
// grows with their number, what a task that never ends makes the others leave behind, and of each target whether it is
// met.
//
// Each measurement is a process of its own. Rounds of all contenders alternate, and the fastest of the rounds counts: what
// a busy machine adds is not theirs. What a task costs is the smaller of the two times, the clock's and the processors': on
// a machine with nothing else to do the clock's, since V8 collects garbage in threads beside; on a busy one the other.
// Ratios are of those. p-limit and p-queue, which take many times as long, are measured once, with fewer tasks: set
// SLOW_TASKS for more.

import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { CONCURRENCY, contenders } from './parallel/contenders.mjs'
import { installPeers } from './peers/install.mjs'

const ROUNDS = Number(process.env.ROUNDS ?? 2)
const TASKS = Number(process.env.TASKS ?? 1_000_000)
const SLOW_TASKS = Number(process.env.SLOW_TASKS ?? 200_000)
const OTHERS = 200_000
const COUNTS = [10_000, 100_000, TASKS]

const OURS = ['run', 'run, unordered', 'executeTasksStreaming']
const MAIN = OURS[0]
const isSlow = (name) => name.startsWith('p-limit') || name.startsWith('p-queue')
/** They hand results over one by one, so that nothing has to be held while one task lasts. */
const UNORDERED = ['run, unordered', 'pMapIterable, unordered', 'p-queue, onSizeLessThan']

const task = fileURLToPath(new URL('parallel/task.mjs', import.meta.url))

function measure(what, name, count) {
  const args = ['--expose-gc', '--max-semi-space-size=1', '--max-old-space-size=4096', task, what, name, String(count)]
  const child = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (child.status === 0) return JSON.parse(child.stdout)
  throw new Error(`${name} could not ${what}:\n${child.stderr}`)
}

/** By contender: the smallest times of the rounds, and the largest heap. */
function costs(names, count, rounds) {
  const results = new Map()
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const now = measure('cost', name, count)
      const { wall, cpu, peak } = results.get(name) ?? now
      const times = { wall: Math.min(wall, now.wall), cpu: Math.min(cpu, now.cpu) }
      results.set(name, { ...times, peak: Math.max(peak, now.peak) })
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
  const results = costs(
    names.filter((name) => !isSlow(name)),
    TASKS,
    ROUNDS,
  )
  const slow = costs(names.filter(isSlow), SLOW_TASKS, 1)
  const above = ({ peak }) => megabytes(peak - results.get('loop').peak)

  console.log(`\nUp to ${whole(TASKS)} tasks, ${CONCURRENCY} at a time: time a task; peak heap above the bare loop's`)
  console.log(`  ${''.padEnd(26)}    tasks  clock µs    CPU µs     × ${MAIN}   peak MB`)
  for (const name of names) {
    const result = results.get(name) ?? slow.get(name)
    const columns = [result.wall, result.cpu, cost(result) / cost(results.get(MAIN))].map((value) => fixed(value))
    const count = whole(results.has(name) ? TASKS : SLOW_TASKS).padStart(9)
    console.log(`  ${name.padEnd(26)}${[count, ...columns, fixed(above(result), 1)].join(' ')}`)
  }
  for (const name of OURS) target(`${name}, a task`, cost(results.get(name)), 4, ' µs')
  for (const name of OURS.slice(0, 2)) target(`${name}, peak heap`, above(results.get(name)), 16, ' MB')
  return results
}

/** `most`: what `TASKS` cost. */
function grow(most) {
  const names = ['loop', ...OURS]
  console.log('\nCost of a task as there are more of them, µs')
  console.log(`  ${''.padEnd(26)}${COUNTS.map((count) => whole(count).padStart(9)).join(' ')}    growth`)
  const results = [...COUNTS.slice(0, -1).map((count) => costs(names, count, ROUNDS)), most]
  for (const name of names) {
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
  for (const name of UNORDERED) {
    const { half, all } = measure('endless', name, OTHERS)
    console.log(`  ${name.padEnd(26)}${fixed(megabytes(half))} ${fixed(megabytes(all))}`)
    if (name !== UNORDERED[0]) continue
    target(`${name}, growth beside a task that never ends`, megabytes(all - half), 1, ' MB')
  }
}

installPeers(['p-map', 'p-limit', 'p-queue'], { optional: false })
console.log(`${cpus().length} × ${cpus()[0].model}, Node ${process.versions.node}, fastest of ${ROUNDS} rounds`)
grow(compare())
endless()
console.log(`\nTargets\n${verdicts.join('\n')}`)
