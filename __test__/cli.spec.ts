// The program itself, run as a process on real stores: which store, looking at it, wrong usage.

import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddingCache, LRUCache, QueryCache, ResponseCache, Store } from '@aah/ai-evals-performance'
import { describe, expect, test } from 'vitest'
import { ask, cache, ENTRIES, folder, HOUR, json, makeStore, PROGRAM, run } from './helpers/cli.ts'

describe('ls', () => {
  test('lists the newest first, with what was asked and when', async () => {
    const { code, stdout, stderr } = await cache(await makeStore(ENTRIES), 'ls')
    expect([code, stderr]).toEqual([0, ''])
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]).toMatch(/^NAMESPACE +REQUEST +CREATED +EXPIRES +USED +BYTES +TOKENS$/)
    expect(lines.map((line) => line.match(/third|second|first|students/)?.[0]).slice(1)).toEqual([
      'third',
      'second',
      'first',
      'students',
    ])
    expect(lines[2]).toMatch(
      /^responses {2}input="second" model="gpt-4" temperature=0 +\d{4}-\d\d-\d\d \d\d:\d\d {2}never .* \d+ B +150$/,
    )
    expect(lines[4]).toContain('expired')
    // Nothing but text reaches a pipe.
    expect(stdout).not.toContain('\u001b')
  })

  test('says how many more there are', async () => {
    const store = await makeStore(ENTRIES)
    const { stdout, stderr } = await cache(store, 'ls', '--limit', '1')
    expect(stdout.trimEnd().split('\n')).toHaveLength(2)
    expect(stderr).toBe('3 more: --limit 4 lists all.\n')
  })

  test('lists one namespace, as numbers for programs', async () => {
    const store = await makeStore(ENTRIES)
    const listing = await json(store, 'ls', '--namespace', 'queries')
    expect(listing).toMatchObject({
      store,
      total: 1,
      entries: [{ namespace: 'queries', tokens: 150, cost: 0.002, time: 1200 }],
    })
    const [entry] = listing.entries
    expect(entry.request).toEqual([['query', '"students"']])
    expect(entry.expires - entry.created).toBe(HOUR)
  })

  test('finds nothing in a store without entries', async () => {
    const store = await makeStore([])
    expect(await cache(store, 'ls')).toEqual({ code: 0, stdout: '', stderr: 'The store is empty.\n' })
    expect(await json(store, 'ls')).toEqual({ store, total: 0, entries: [] })
  })

  test('ends quietly when its reader has enough', async () => {
    const store = await makeStore(ENTRIES)
    const child = spawn(process.execPath, [PROGRAM, 'cache', 'ls', '--store', store], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.destroy()
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect([code, stderr]).toEqual([0, ''])
  })

  test('ends quietly when nobody reads its hints', async () => {
    const store = await makeStore(ENTRIES)
    const child = spawn(process.execPath, [PROGRAM, 'cache', 'ls', '--limit', '1', '--store', store], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child.stderr.destroy()
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0)
  })
})

describe('stats', () => {
  test('sums up entries, bytes and what was saved', async () => {
    const store = await makeStore(ENTRIES)
    const { code, stdout } = await cache(store, 'stats')
    expect(code).toBe(0)
    expect(stdout).toContain(`Store    ${store}\nEntries  4, 1 of them expired\n`)
    expect(stdout).toMatch(/^Bytes {4}.* in entries, .* on disk, at most 95\.4 MiB$/m)
    expect(stdout).toContain('Saved    10 hits, 2 coalesced, 2.06 min, 1,500 tokens, cost 0.25\n')
    expect(stdout).toMatch(/^responses +3 .* 10 +2 +2\.06 min +1,500 +0\.25 +1$/m)
  })

  test('says the same in numbers', async () => {
    const store = await makeStore(ENTRIES)
    const stats = await json(store, 'stats')
    expect(stats).toMatchObject({ store, entries: 4, expired: 1, maxBytes: 1e8, damaged: 0, setAside: [] })
    expect(stats.saved).toEqual({ hits: 10, coalesced: 2, time: 123_456, tokens: 1500, cost: 0.25 })
    expect(stats.namespaces.map(({ namespace, entries }: any) => [namespace, entries])).toEqual([
      ['queries', 1],
      ['responses', 3],
    ])
  })
})

describe('explain', () => {
  test('names the nearest request and what differs', async () => {
    const store = await makeStore(ENTRIES)
    const { code, stdout } = await cache(store, 'explain', JSON.stringify(ask('second', 0.7)))
    expect(code).toBe(0)
    expect(stdout).toContain('The nearest, stored')
    expect(stdout).toContain('\n  modelConfig.temperature: 0.7, stored 0\n')
  })

  test('tells a hit, what has expired, and the answers to one request apart', async () => {
    const store = await makeStore(ENTRIES)
    const outcome = async (request: object) => (await json(store, 'explain', JSON.stringify(request))).outcome
    expect(await outcome(ask('second'))).toBe('hit')
    expect(await outcome({ ...ask('second'), sample: 0 })).toBe('hit')
    expect(await outcome({ ...ask('second'), sample: 1 })).toBe('miss')
    expect(await outcome({ query: 'students' })).toBe('expired')
    expect(await outcome({ text: 'never seen' })).toBe('miss')
    expect((await cache(store, 'explain', JSON.stringify(ask('first')))).stdout).toMatch(
      /^Stored at .* in `responses` of /,
    )
  })

  test('knows the requests of every cache', async () => {
    const store = Store.open(join(folder, 'of-caches'))
    new ResponseCache({ store }).set('a', { model: 'm' }, 'answer', { sample: 2 })
    new QueryCache({ store }).set('all', undefined, [1])
    new QueryCache({ store }).set('some', { of: ['x'] }, [1])
    new EmbeddingCache({ store }).set('a', [1])
    new EmbeddingCache({ store, model: 'm', dimensions: 2 }).set('b'.repeat(2000), [1, 2])
    new LRUCache({ store }).set('k', 'v')
    await store.close()
    for (const request of [
      { input: 'a', modelConfig: { model: 'm' }, sample: 2 },
      { query: 'all' },
      { query: 'some', params: { of: ['x'] } },
      { text: 'a' },
      { text: 'b'.repeat(2000), model: 'm', dimensions: 2 },
      { key: 'k' },
    ]) {
      expect([request, (await json(store.folder, 'explain', JSON.stringify(request))).outcome]).toEqual([
        request,
        'hit',
      ])
    }
  })

  test('reads the request from standard input', async () => {
    const store = await makeStore(ENTRIES)
    const args = ['cache', 'explain', '-', '--store', store, '--json']
    const { stdout } = await run(args, { input: JSON.stringify(ask('first')) })
    expect(JSON.parse(stdout)).toMatchObject({ store, namespace: 'responses', outcome: 'hit', tier: 'store' })
  })

  test('does not mind the mark that some programs begin a text with', async () => {
    const store = await makeStore(ENTRIES)
    const { code } = await run(['cache', 'explain', '-', '--store', store], {
      input: `\uFEFF${JSON.stringify(ask('first'))}`,
    })
    expect(code).toBe(0)
  })

  test.each([
    ['{', 'no JSON'],
    ['[1]', 'no JSON object'],
    ['{"prompt":"x"}', 'neither `input`, `query`, `text` nor `key`'],
    ['{"input":"x"}', 'no `modelConfig`'],
    ['{"query":"x","parms":1}', 'a `parms`: expected query, params, sample'],
    ['{"key":"x","sample":-1}', '`sample`'],
  ])('refuses %s', async (request, message) => {
    const { code, stderr } = await cache(folder, 'explain', request)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})

describe('which store', () => {
  test('is told by --store, else the environment, else it is the usual folder here', async () => {
    const store = await makeStore(ENTRIES)
    const other = await makeStore([])
    const cwd = join(folder, 'project')
    mkdirSync(cwd)
    cpSync(store, join(cwd, '.ai-evals-cache'), { recursive: true })
    const entries = async (args: string[], env?: NodeJS.ProcessEnv) => {
      const { stdout } = await run(['cache', 'stats', '--json', ...args], { cwd, env })
      return JSON.parse(stdout).entries
    }
    expect(await entries([])).toBe(4)
    expect(await entries([], { AI_EVALS_STORE: '' })).toBe(4)
    expect(await entries([], { AI_EVALS_STORE: other })).toBe(0)
    expect(await entries(['--store', store], { AI_EVALS_STORE: other })).toBe(4)
  })

  test.each(['ls', 'stats', 'verify', 'prune --expired', 'clear --yes', 'export file'])(
    'that is not there is an error of `%s`, and is not made',
    async (command) => {
      const missing = join(folder, 'missing')
      const { code, stdout, stderr } = await cache(missing, ...command.split(' '))
      expect([code, stdout]).toEqual([1, ''])
      expect(stderr).toBe(
        `ai-evals-perf: No store in ${missing}: there is no such folder. Name the store's folder by --store FOLDER or AI_EVALS_STORE.\n`,
      )
      expect(existsSync(missing)).toBe(false)
      const empty = mkdtempSync(join(folder, 'empty-'))
      expect((await cache(empty, ...command.split(' '))).stderr).toContain('the folder holds no store.sqlite')
      expect(readdirSync(empty)).toEqual([])
    },
  )

  test('is not changed by looking at it', async () => {
    const store = await makeStore(ENTRIES)
    const before = readFileSync(join(store, 'store.sqlite'))
    for (const command of ['ls', 'stats', 'verify']) expect((await cache(store, command)).code).toBe(0)
    expect(readFileSync(join(store, 'store.sqlite'))).toEqual(before)
  })
})

describe('usage', () => {
  test('is explained, with where the store is looked for and the exit codes', async () => {
    const { code, stdout } = await run(['cache', '--help'])
    expect(code).toBe(0)
    for (const command of ['ls', 'stats', 'explain', 'prune', 'clear', 'verify', 'export', 'import']) {
      expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'))
      const help = await run(['cache', command, '--help'])
      expect([help.code, help.stdout]).toEqual([0, expect.stringMatching(/^Usage: ai-evals-perf cache .*\n\n[A-Z]/)])
      expect(help.stdout).toContain('--json')
    }
    expect(stdout).toContain('.ai-evals-cache')
    expect(stdout).toContain('Exit codes: 0 fine, 1 something is wrong')
    const { version } = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8'))
    expect((await run(['--version'])).stdout).toBe(`${version}\n`)
  })

  test.each([
    ['no command', []],
    ['an unknown command', ['cache', 'frobnicate']],
    ['an unknown option', ['cache', 'ls', '--all']],
    ['a count that is none', ['cache', 'ls', '--limit', '0']],
    ['too many arguments', ['cache', 'stats', 'extra']],
    ['too few', ['cache', 'export']],
  ])('that is wrong (%s) has exit code 2 and prints nothing on standard output', async (_what, args) => {
    const { code, stdout, stderr } = await run(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).not.toBe('')
  })
})
