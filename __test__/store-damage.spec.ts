// Files that are damaged, as a program that reads them sees it: a right value or a miss, and no crash. Which bytes and
// which cuts there are, and what the store makes of each, is tested in Rust; here are some of all of them.

import { readdirSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { temporaryFolder } from './helpers/folders.ts'
import { type Context, endAll, Program } from './helpers/program.ts'

afterEach(endAll)

const VALUES = {
  text: 'plain',
  json: { list: [1, 'two', null], nested: { deep: true } },
  tagged: { date: new Date(0), map: new Map([['key', new Set([1n])]]), bytes: new BigInt64Array([1n, -2n]) },
  long: { text: 'x'.repeat(6_000), end: undefined },
}

/** Leaves a store with values of every codec, the last of them in its log only. */
async function fill({ folder, values }: { folder: string; values: Record<string, unknown> }, { api, state }: Context) {
  const cache = new api.LRUCache({ store: folder })
  for (const [key, value] of Object.entries(values)) cache.set(key, value)
  await cache.close()
  state.store = api.Store.open(folder)
  const embeddings = new api.EmbeddingCache({ store: state.store })
  embeddings.set('single', [0.5, 0.25])
  embeddings.set('double', [0.1, 0.2])
  await state.store.flush()
}

interface Damage {
  from: string
  to: string
  kind: 'flip' | 'cut'
  trials: number
  values: Record<string, unknown>
}

/** Damages a copy of the store's files again and again, each time in another place, and uses what is left. */
async function useDamaged({ from, to, kind, trials, values }: Damage, { api, random, require }: Context) {
  const { cpSync, readFileSync, rmSync, writeFileSync } = require('node:fs') as typeof import('node:fs')
  const { isDeepStrictEqual } = require('node:util') as typeof import('node:util')
  const next = random(kind)
  const names = ['store.sqlite', 'store.sqlite-wal', 'store.sqlite-shm']
  const outcomes = { right: 0, missing: 0, wrong: [] as unknown[], reasons: [] as string[] }
  for (let trial = 0; trial < trials; trial++) {
    rmSync(to, { recursive: true, force: true })
    for (const name of names) cpSync(`${from}/${name}`, `${to}/${name}`)
    const name = names[trial % 5] ?? names[0]
    const bytes = readFileSync(`${to}/${name}`)
    let at = Math.floor(next() * bytes.length)
    // Zeros are mostly unused.
    for (let more = 0; more < 50 && bytes[at] === 0; more++) at = Math.floor(next() * bytes.length)
    bytes[at] = bytes[at]! ^ (1 << Math.floor(next() * 8))
    writeFileSync(`${to}/${name}`, kind === 'flip' ? bytes : bytes.subarray(0, at))
    const store = api.Store.open(to)
    store.on('degraded', ({ reason }: { reason: string }) => outcomes.reasons.push(reason))
    const cache = new api.LRUCache({ store })
    const embeddings = new api.EmbeddingCache({ store })
    const read: [string, unknown, unknown][] = [
      ...Object.entries(values).map(([key, value]): [string, unknown, unknown] => [key, value, cache.get(key)]),
      ['single', [0.5, 0.25], embeddings.get('single')],
      ['double', [0.1, 0.2], embeddings.get('double')],
    ]
    for (const [key, original, found] of read) {
      if (found === undefined) outcomes.missing++
      else if (isDeepStrictEqual(found, original)) outcomes.right++
      else outcomes.wrong.push([trial, key, found])
    }
    cache.explain('another')
    cache.set('new', trial)
    await store.flush().catch(() => {})
    const kept = new api.LRUCache({ store }).get('new')
    if (kept !== undefined && kept !== trial) outcomes.wrong.push([trial, 'new', kept])
    await store.close()
  }
  return outcomes
}

describe('of a store whose files are damaged', () => {
  test.each<['flip' | 'cut', number]>([
    ['flip', 150],
    ['cut', 75],
  ])(
    '%s: nothing wrong is read, in %i trials',
    async (kind, trials) => {
      const from = temporaryFolder()
      const to = temporaryFolder()
      const writer = Program.process()
      await writer.run(fill, { folder: from, values: VALUES })
      await writer.kill()
      expect(readdirSync(from)).toContain('store.sqlite-wal')
      const reader = Program.process()
      const outcome = await reader.run(useDamaged, { from, to, kind, trials, values: VALUES })
      expect(outcome.wrong).toEqual([])
      expect(outcome.right).toBeGreaterThan(trials)
      expect(outcome.missing).toBeGreaterThan(trials / 10)
      expect(await reader.leave()).toEqual({ code: 0, signal: null, printed: '' })
    },
    120_000,
  )
})
