import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll } from 'vitest'

const made: string[] = []

/** An empty folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = make()
  made.push(folder)
  return folder
}

/** An empty folder for all tests of a `describe`, which is gone after them. */
export function useFolder(): () => string {
  let folder = ''
  beforeAll(() => {
    folder = make()
  })
  afterAll(() => remove(folder))
  return () => folder
}

afterEach(() => {
  for (const folder of made.splice(0)) remove(folder)
})

function make(): string {
  return mkdtempSync(join(tmpdir(), 'ai-evals-store-'))
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
