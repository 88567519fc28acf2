// A panic in Rust is an Error in JavaScript: the process goes on, and nothing is printed.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cacheApplyReads, cacheNew, cacheStats } from '../binding.js'

const ROOT = join(__dirname, '..')

/** The log has one item, and two are said to be in it: the one thing that the native cache takes on trust. */
function panic(cache: ReturnType<typeof cacheNew>): void {
  cacheApplyReads(cache, new Uint32Array(1), 2, 0)
}

const MESSAGE = 'range end index 2 out of range for slice of length 1'

function runProgram(backtrace: string | undefined) {
  const program = `
    const { cacheApplyReads, cacheNew } = require('./binding.js')
    try {
      cacheApplyReads(cacheNew(1, 1_000), new Uint32Array(1), 2, 0)
    } catch (error) {
      console.log(error.message)
    }`
  const { RUST_BACKTRACE: _, ...env } = process.env
  if (backtrace !== undefined) env.RUST_BACKTRACE = backtrace
  return spawnSync(process.execPath, ['-e', program], { cwd: ROOT, env, encoding: 'utf8' })
}

test('a panic is thrown as an Error with its message, and the object it came from still works', () => {
  const cache = cacheNew(1, 1_000)
  expect(() => panic(cache)).toThrow(Error)
  for (let time = 0; time < 3; time++) expect(() => panic(cache)).toThrow(expect.objectContaining({ message: MESSAGE }))
  expect(cacheStats(cache, 0)).toMatchObject({ hits: 0, misses: 0, liveEntries: 0 })
})

test.each([undefined, '0'])('a panic prints nothing (RUST_BACKTRACE %s)', (backtrace) => {
  const { status, stdout, stderr } = runProgram(backtrace)
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${MESSAGE}\n`, stderr: '' })
})

test('where RUST_BACKTRACE asks for it, a panic is printed with its place', () => {
  const { status, stdout, stderr } = runProgram('1')
  expect({ status, stdout }).toEqual({ status: 0, stdout: `${MESSAGE}\n` })
  expect(stderr).toMatch(/panicked at src.cache\.rs:\d+:\d+:\n/)
})

test('every synchronous function of the binding catches panics', () => {
  const functions: string[] = []
  const uncaught: string[] = []
  for (const file of readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.rs')) continue
    const source = readFileSync(join(ROOT, 'src', file), 'utf8')
    for (const [, attribute = '', asynchronous, name] of source.matchAll(EXPORTED)) {
      functions.push(`${file}: ${name}`)
      // An asynchronous one runs on a thread of tokio, which catches what it throws.
      if (asynchronous === undefined && !/\bcatch_unwind\b/.test(attribute)) uncaught.push(`${file}: ${name}`)
    }
  }
  expect(uncaught).toEqual([])
  expect(functions).toContain('cache.rs: cache_apply_reads')
  expect(functions).toContain('spill_record.rs: read')
  expect(functions.length).toBeGreaterThan(40)
})

/** `#[napi…]` with other attributes and comments between it and the function. */
const EXPORTED =
  /#\[napi(?:\(((?:(?!#\[)[\s\S])*?)\))?\]\s*(?:(?:#\[[^\]]*\]|\/\/[^\n]*)\s*)*(?:pub(?:\([a-z]+\))?\s+)?(async\s+)?(?:unsafe\s+)?fn\s+(\w+)/g
