// The command line as a process, and stores for it to work on.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, vi } from 'vitest'
import { encodeKey } from '../../lib/key/encode.ts'
import { storeClose, storeCount, storeFlush, storeNamespace, storeOpen, storePut } from '../../lib/native.ts'

// A process takes as long to start as the machine is busy.
vi.setConfig({ testTimeout: 60_000 })

export const PROGRAM = join(__dirname, '../../dist/cli.js')
const MINUTE = 60_000
export const HOUR = 60 * MINUTE

export interface Result {
  code: number
  stdout: string
  stderr: string
}

export interface Entry {
  namespace?: string
  request: object
  value?: string
  age?: number
  ttl?: number
}

/** Emptied when the tests of a file are done. */
export const folder = mkdtempSync(join(tmpdir(), 'ai-evals-cli-'))
let stores = 0

afterAll(() => rmSync(folder, { recursive: true, force: true }))

export function run(
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Result> {
  return new Promise((resolve) => {
    const env = { ...process.env, AI_EVALS_STORE: undefined, TZ: 'UTC', ...options.env }
    const child = execFile(
      process.execPath,
      [PROGRAM, ...args],
      { cwd: options.cwd ?? folder, env },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      },
    )
    child.stdin?.end(options.input ?? '')
  })
}

/** Runs `cache` on one store. */
export function cache(store: string, ...args: string[]): Promise<Result> {
  const [command = '', ...rest] = args
  return run(['cache', command, '--store', store, ...rest])
}

export async function json(store: string, ...args: string[]): Promise<any> {
  const { stdout } = await cache(store, ...args, '--json')
  return JSON.parse(stdout)
}

export async function makeStore(entries: Entry[], maxBytes = 1e8): Promise<string> {
  const path = join(folder, `store-${stores++}`)
  const store = storeOpen(path, maxBytes)
  for (const { namespace = 'responses', request, value = '"an answer"', age = 0, ttl = Infinity } of entries) {
    const created = Date.now() - age
    const meta = new Float64Array([1, created, created + ttl, 1200, 100, 50, 150, 0.002])
    storePut(storeNamespace(store, namespace), encodeKey(request, 'request'), value, meta, null, null)
  }
  storeCount(storeNamespace(store, 'responses'), 10, 2, 123_456, 1500, 0.25, 1)
  expect(await storeFlush(store)).toBeNull()
  await storeClose(store)
  return path
}

export const ask = (input: string, temperature = 0) => ({ input, modelConfig: { model: 'gpt-4', temperature } })

export const ENTRIES: Entry[] = [
  { request: ask('first'), age: 3 * HOUR },
  { request: ask('second'), age: 2 * HOUR },
  { request: ask('third'), age: HOUR, ttl: 2 * HOUR },
  { request: { query: 'students' }, namespace: 'queries', age: 5 * HOUR, ttl: HOUR },
]
