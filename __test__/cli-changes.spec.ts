// The commands that change a store or carry its entries elsewhere, run as processes.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Store } from '@aah/ai-evals-performance'
import { describe, expect, test } from 'vitest'
import { ask, cache, ENTRIES, folder, HOUR, json, makeStore, PROGRAM } from './helpers/cli.ts'

/** What a damaged disk does: one byte of a record is another one. */
function damage(store: string, text: string): void {
  const file = join(store, 'store.sqlite')
  const bytes = readFileSync(file)
  const at = bytes.indexOf(text)
  expect(at).toBeGreaterThan(0)
  bytes[at] = (bytes[at] as number) ^ 1
  writeFileSync(file, bytes)
}

describe('prune', () => {
  test('removes what was selected and says what is left', async () => {
    const store = await makeStore(ENTRIES)
    const dry = await cache(store, 'prune', '--expired', '--older-than', '150min', '--dry-run')
    expect(dry.stdout).toMatch(/^Would remove 2 entries of .*\nWould leave 2 entries of .*\n$/)
    expect((await json(store, 'stats')).entries).toBe(4)
    expect((await cache(store, 'prune', '--expired', '--older-than', '150min')).stdout).toMatch(
      /^Removed 2 entries of /,
    )
    expect((await json(store, 'ls')).entries.map(({ request }: any) => request[0][1])).toEqual(['"third"', '"second"'])
  })

  test('bounds the bytes and leaves other namespaces alone', async () => {
    const live = ENTRIES.filter(({ namespace }) => namespace === undefined)
    const store = await makeStore([...live, { request: { query: 'students' }, namespace: 'queries' }])
    const report = await json(store, 'prune', '--max-bytes', '0.1KiB', '--namespace', 'responses', '--unused-for', '1d')
    expect(report).toMatchObject({ removed: 3, entries: 0, bytesLeft: 0, dryRun: false })
    expect((await json(store, 'stats')).entries).toBe(1)
  })

  test.each([
    [[], 'Say what to remove'],
    [['--max-bytes', '5 parsecs'], 'Expected a size such as 500MB'],
    [['--older-than', '-1d'], 'Expected a duration such as 30d'],
    [['--unused-for', '12'], 'Expected a duration such as 30d'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await cache(await makeStore(ENTRIES), 'prune', ...args)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})

describe('clear', () => {
  test('removes nothing unasked', async () => {
    const store = await makeStore(ENTRIES)
    const { code, stderr } = await cache(store, 'clear')
    expect(code).toBe(2)
    expect(stderr).toBe(`ai-evals-perf: Remove all 4 entries in ${store}? Say so by --yes.\n`)
    expect((await json(store, 'stats')).entries).toBe(4)
  })

  test('removes one namespace or all, and keeps what was saved', async () => {
    const store = await makeStore(ENTRIES)
    expect((await cache(store, 'clear', '--namespace', 'queries', '--yes')).stdout).toBe('Removed 1 entry.\n')
    expect(await json(store, 'clear', '--yes')).toEqual({ store, removed: 3 })
    expect(await json(store, 'stats')).toMatchObject({ entries: 0, bytes: 0, saved: { hits: 10 } })
  })
})

describe('verify', () => {
  test('is what Store.verify reports', async () => {
    const folder = await makeStore([
      { request: ask('x'), value: '"untouched"' },
      { request: ask('y'), value: '"to be damaged"' },
    ])
    const store = Store.open(folder)
    expect(await store.verify()).toEqual({
      ok: true,
      entries: 2,
      bytes: expect.any(Number),
      damaged: 0,
      unknown: 0,
      problems: [],
    })
    await store.close()
    damage(folder, 'to be damaged')
    expect(await store.verify()).toMatchObject({ ok: false, entries: 1, damaged: 1 })
    const { store: where, ...report } = await json(folder, 'verify')
    expect([where, report]).toEqual([folder, await store.verify()])
  })

  test('finds a sound store sound', async () => {
    const store = await makeStore(ENTRIES)
    const { code, stdout } = await cache(store, 'verify')
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^Whole: 4 entries of .*\.\n$/)])
    expect(await json(store, 'verify')).toMatchObject({ store, ok: true, entries: 4, damaged: 0, problems: [] })
  })

  test('finds a damaged entry, and removes it when told to', async () => {
    const store = await makeStore([
      { request: ask('x'), value: '"untouched"' },
      { request: ask('y'), value: '"to be damaged"' },
    ])
    damage(store, 'to be damaged')
    const found = await cache(store, 'verify')
    expect([found.code, found.stdout]).toEqual([
      1,
      expect.stringContaining('Damaged: 1 entry, removed by --remove-damaged.'),
    ])
    expect((await cache(store, 'verify', '--remove-damaged')).code).toBe(1)
    expect((await cache(store, 'verify')).code).toBe(0)
    expect(await json(store, 'stats')).toMatchObject({ entries: 1, damaged: 1 })
  })

  test('leaves a file alone that is no database at all', async () => {
    const store = await makeStore([])
    const file = join(store, 'store.sqlite')
    writeFileSync(file, 'x'.repeat(8192))
    for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true })
    const before = readdirSync(store)
    const { code, stdout } = await cache(store, 'verify')
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(/^Whole: 0 entries of 0 B\.\nThe file itself is damaged: /),
    ])
    for (const command of [['ls'], ['stats'], ['explain', '{"key":"x"}'], ['export', join(folder, 'none')]]) {
      expect((await cache(store, ...command)).stderr).toContain('the store cannot be read: ')
    }
    expect(readFileSync(file, 'utf8')).toBe('x'.repeat(8192))
    expect(readdirSync(store)).toEqual(before)
  })

  test('says what is wrong with the file', async () => {
    const store = await makeStore(ENTRIES)
    const file = join(store, 'store.sqlite')
    const bytes = readFileSync(file)
    bytes.fill(0xff, 4096, 3 * 4096)
    writeFileSync(file, bytes)
    const { code, stdout } = await cache(store, 'verify')
    expect([code, stdout]).toEqual([1, expect.stringContaining('The file itself is damaged: ')])
  })
})

describe('export and import', () => {
  test('carry entries from one store to another, which then exports the same bytes', async () => {
    const [one, other] = [await makeStore(ENTRIES), join(folder, 'new', 'store')]
    const [first, second] = [join(folder, 'first.export'), join(folder, 'second.export')]
    expect((await cache(one, 'export', first)).stdout).toMatch(/^Exported 3 entries to .*first\.export, .*B\.\n$/)
    const imported = await cache(other, 'import', first)
    expect(imported).toEqual({ code: 0, stdout: `${first}: 3 entries imported, 0 kept as they were.\n`, stderr: '' })
    await cache(other, 'export', second)
    expect(readFileSync(second)).toEqual(readFileSync(first))
    expect(await json(other, 'import', first)).toMatchObject({
      store: other,
      files: [{ file: first, imported: 0, kept: 3, expired: 0, tooLarge: 0, damaged: 0, problem: null }],
    })
  })

  test('merge shards in any order', async () => {
    const [a, b] = [join(folder, 'a.export'), join(folder, 'b.export')]
    await cache(await makeStore([{ request: ask('x'), value: '"old"', age: HOUR }, { request: ask('y') }]), 'export', a)
    await cache(await makeStore([{ request: ask('x'), value: '"new"' }, { request: ask('z') }]), 'export', b)
    const [forward, backward] = [join(folder, 'forward'), join(folder, 'backward')]
    await cache(forward, 'import', a, b)
    await cache(backward, 'import', b, a)
    const files = [join(folder, 'forward.export'), join(folder, 'backward.export')] as const
    await cache(forward, 'export', files[0])
    await cache(backward, 'export', files[1])
    expect(readFileSync(files[0])).toEqual(readFileSync(files[1]))
    expect(readFileSync(files[0]).includes('"new"')).toBe(true)
    expect(readFileSync(files[0]).includes('"old"')).toBe(false)
  })

  test('import what is whole of a file that was cut, and say so', async () => {
    const file = join(folder, 'cut.export')
    await cache(await makeStore(ENTRIES), 'export', file)
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.subarray(0, bytes.length - 30))
    const { code, stdout, stderr } = await cache(join(folder, 'of-cut'), 'import', file)
    expect(code).toBe(1)
    expect(stdout).toContain('2 entries imported')
    expect(stderr).toBe(`${file}: it is cut off after 2 records; what could be read of it was imported\n`)
  })

  test('refuse what is no export, and name a file that is not there', async () => {
    const store = join(folder, 'of-nothing')
    const wrong = await cache(store, 'import', PROGRAM)
    expect([wrong.code, wrong.stderr]).toEqual([1, `${PROGRAM}: it is not an export of a store\n`])
    const missing = await cache(store, 'import', join(folder, 'no such file'))
    expect([missing.code, missing.stdout]).toEqual([1, ''])
    expect(missing.stderr).toContain('no such file: ')
  })

  test('leave no unfinished file behind', async () => {
    const store = await makeStore(ENTRIES)
    const target = join(folder, 'folder-in-the-way')
    mkdirSync(target)
    const { code, stderr } = await cache(store, 'export', target)
    expect(code).toBe(1)
    expect(stderr).toContain(target)
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([])
  })

  test('export one namespace', async () => {
    const store = await makeStore([...ENTRIES, { request: { query: 'all' }, namespace: 'queries' }])
    const file = join(folder, 'one.export')
    expect(await json(store, 'export', file, '--namespace', 'queries')).toMatchObject({ file, entries: 1, damaged: 0 })
  })
})
