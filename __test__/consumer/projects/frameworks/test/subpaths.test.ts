import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KeyvStore } from '@aah/ai-evals-performance/keyv'
import Keyv from 'keyv'
import { expect, test, vi } from 'vitest'

test.each(['ai-sdk', 'anthropic', 'keyv', 'openai'])('%s is loaded', async (name) => {
  const module = await import(`@aah/ai-evals-performance/${name}`)
  expect(Object.keys(module).length).toBeGreaterThan(0)
})

test('a peer that is missing is an error with a code', async () => {
  const code = await import(`@aah/ai-evals-performance/${'prisma'}`).catch((error) => error.code)
  expect(code).toBe('ERR_PEER_MISSING')
})

test('an entry of keyv expires by fake timers', async () => {
  vi.useFakeTimers()
  const folder = mkdtempSync(join(tmpdir(), 'keyv-'))
  const keyv = new Keyv({ store: new KeyvStore({ store: folder }) })
  await keyv.set('key', 'value', 60_000)
  vi.advanceTimersByTime(60_000)
  expect(await keyv.get('key')).toBe('value')
  vi.advanceTimersByTime(1)
  expect(await keyv.get('key')).toBeUndefined()
  vi.useRealTimers()
  await keyv.disconnect()
  rmSync(folder, { recursive: true })
})
