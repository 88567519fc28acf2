// The store on disk against what one would put there instead: lmdb-js, SQLite through better-sqlite3 and node:sqlite with
// JSON.parse, and keyv with SQLite. `npm run bench -- store` prints the times, and of each target whether it is met.
//
// Each measurement is a process of its own, since what counts is what a fresh process gets. Rounds of all contenders
// alternate. Shown are medians over the rounds, and medians of the rounds' ratios: a slow minute of the machine slows
// both sides of a ratio.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installPeers, isInstalled } from './peers/install.mjs'
import { nodeFor } from './store/contenders.mjs'

const ROUNDS = Number(process.env.ROUNDS ?? 9)
const ENTRIES = 100_000
const VECTORS = 10_000
const READS = 2_000
const MEMORY = '-'

const task = fileURLToPath(new URL('store/task.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'bench-store-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const packages = { lmdb: 'lmdb', 'better-sqlite3': 'better-sqlite3', keyv: '@keyv/sqlite', 'node:sqlite': undefined }
const isThere = (name) => name === undefined || isInstalled(name)

function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

/** What one process measures. */
function measure({ name, node, path }, what, options) {
  const args = [task, what, name, path, JSON.stringify(options)]
  const child = spawnSync(node, args, { encoding: 'utf8', env: { ...process.env, NODE_NO_WARNINGS: '1' } })
  if (child.status === 0) return JSON.parse(child.stdout)
  throw new Error(`${name} could not ${what}:\n${child.stderr}`)
}

/** A contender's folder. */
function place(...names) {
  const path = join(folder, ...names)
  mkdirSync(path, { recursive: true })
  return path
}

/** All that can run here, each with its Node.js; ours once more beside a peer that needs another one. */
function participants(kind, names) {
  const all = []
  for (const name of names) {
    const node = nodeFor(name)
    if (node === undefined || !isThere(packages[name])) {
      console.log(`  (${name} is not installed)`)
      continue
    }
    const newer = node !== process.execPath
    const version = newer ? ' on a newer Node.js' : ''
    if (newer) all.push({ label: `ours${version}`, name: 'ours', node, path: place(kind, 'ours'), beside: undefined })
    all.push({ label: `${name}${version}`, name, node, path: place(kind, name), beside: `ours${newer ? version : ''}` })
  }
  return all
}

/** Runs every contender once in each round. Results by label. */
function alternate(all, what, options) {
  const results = new Map(all.map(({ label }) => [label, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const contender of all) {
      // Reads whatever is not in the memory of the operating system yet, so that no disk is measured.
      if (contender.path !== MEMORY)
        for (const file of readdirSync(contender.path)) readFileSync(join(contender.path, file))
      results.get(contender.label).push(measure(contender, what, { ...options, seed: 1 + round * READS * 3 }))
    }
  }
  return results
}

const values = (results, label, metric) => results.get(label).map((result) => result[metric])
const typical = (results, label, metric) => median(values(results, label, metric))

/** How many times as long one takes as another, round by round. */
function ratio(results, label, beside, metric) {
  const below = values(results, beside, metric)
  return median(values(results, label, metric).map((value, round) => value / below[round]))
}

const digits = (value) =>
  value >= 1_000 ? value.toLocaleString('en-US', { maximumFractionDigits: 0 }) : value.toPrecision(3)

/** `columns`: what is printed of each contender; ratios to ours are those of the first. */
function print(title, all, results, columns, unit = 'µs') {
  console.log(`\n${title}`)
  const [[, main]] = columns
  for (const { label, beside } of all) {
    const cells = columns.map(
      ([name, metric]) => `${name} ${digits(typical(results, label, metric)).padStart(8)} ${unit}`,
    )
    const times =
      beside === undefined || beside === label ? '' : `   ×${ratio(results, label, beside, main).toFixed(2)}`
    console.log(`  ${label.padEnd(32)}${cells.join('   ')}${times}`)
  }
}

const verdicts = []
function target(text, figure, limit, unit = '') {
  const isMet = figure <= limit
  verdicts.push(
    `  ${isMet ? 'met   ' : 'MISSED'}  ${text}: ${digits(figure)}${unit} (target ≤ ${digits(limit)}${unit})`,
  )
}

const PEER_NAMES = Object.keys(packages)

function reads(kind, what, count) {
  const all = [{ label: 'ours', name: 'ours', node: process.execPath, path: place(kind, 'ours') }]
  all.push(...participants(kind, PEER_NAMES))
  const filled = new Map()
  for (const contender of all) {
    if (!filled.has(contender.path)) filled.set(contender.path, measure(contender, 'fill', { kind, count }).perSecond)
  }
  console.log(`\n${what}: ${count.toLocaleString('en-US')} written at once and flushed, a second`)
  for (const [path, perSecond] of filled) {
    console.log(`  ${path.slice(path.lastIndexOf('/') + 1).padEnd(32)}${digits(perSecond)}`)
  }
  const results = alternate(all, 'read', { kind, count, reads: READS })
  const columns = [
    ['median', 'p50'],
    ['p95', 'p95'],
    ['of the first hundred', 'start'],
  ]
  print(`${what}: first read of each from disk in a fresh process, decoded`, all, results, columns)
  print(`${what}: opening, until the first read has answered`, all, results, [['median', 'open']])
  return results
}

function sets(kind, what, names, groups) {
  const contender = (label, name, path, beside) => ({ label, name, node: process.execPath, path, beside })
  const all = [contender('ours without a store', 'ours', MEMORY)]
  all.push(contender('ours with a store', 'ours', place('sets', kind, 'ours'), all[0].label))
  for (const { name, node, path, label } of participants(join('sets', kind), names)) {
    if (name !== 'ours') all.push({ name, node, path, label, beside: 'ours with a store' })
  }
  const results = alternate(all, 'set', { kind, groups, warmUp: groups * 20 })
  const columns = [
    ['while the disk is behind', 'busy'],
    ['when it has caught up', 'idle'],
  ]
  print(`${what}: set of a new one into a full cache, serialised`, all, results, columns)
  print(`${what}: set without a break and flushed, a second`, all.slice(1), results, [['', 'perSecond']], '')
  return results
}

function getOrSets() {
  const contender = (label, path) => ({ label, name: 'ours', node: process.execPath, path })
  const all = [contender('without a store', MEMORY), contender('with a store', place('getOrSet'))]
  all[1].beside = all[0].label
  const results = alternate(all, 'getOrSet', { groups: 100 })
  print('getOrSet of what is in memory', all, results, [['median', 'hit']])
  print('getOrSet of what is nowhere, answered at once', all, results, [['median', 'miss']])
}

installPeers(Object.values(packages).filter(Boolean), { optional: true })
console.log(`${cpus().length} × ${cpus()[0].model}, Node ${process.versions.node}, ${ROUNDS} rounds, in ${tmpdir()}`)

const responses = reads('responses', 'responses of 1 KB', ENTRIES)
target('first read of a response of 1 KB, median', typical(responses, 'ours', 'p50'), 15, ' µs')
for (const [label, limit] of [
  ['lmdb', 2],
  ['better-sqlite3', 1],
  ['node:sqlite', 1],
  ['node:sqlite on a newer Node.js', 1],
]) {
  if (!responses.has(label)) continue
  const ours = label.endsWith('newer Node.js') ? 'ours on a newer Node.js' : 'ours'
  target(`first read beside ${label}`, ratio(responses, ours, label, 'p50'), limit, '×')
}
target('opening a store of 100,000 entries', typical(responses, 'ours', 'open') / 1_000, 20, ' ms')

const written = sets('responses', 'responses of 1 KB', PEER_NAMES, 200)
for (const [metric, when] of [
  ['busy', 'while the disk is behind'],
  ['idle', 'when it has caught up'],
]) {
  target(
    `set beside one without a store, ${when}`,
    ratio(written, 'ours with a store', 'ours without a store', metric),
    2,
    '×',
  )
}
getOrSets()
reads('embeddings', 'embeddings of 1,536', VECTORS)
sets('embeddings', 'embeddings of 1,536', ['lmdb'], 20)

console.log(`\nTargets\n${verdicts.join('\n')}`)
