const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')

test.each(['ai-sdk', 'anthropic', 'keyv', 'openai'])('%s is loaded', (name) => {
  expect(Object.keys(require(`@aah/ai-evals-performance/${name}`)).length).toBeGreaterThan(0)
})

test('a peer that is missing is an error with a code', () => {
  const { PerformanceError } = require('@aah/ai-evals-performance')
  const load = () => require('@aah/ai-evals-performance/prisma')
  expect(load).toThrow(PerformanceError)
  expect(load).toThrow('`@prisma/client` version 7.x, which is not installed: npm install @prisma/client@7')
})

test('a keyv is on disk', async () => {
  const { KeyvStore } = require('@aah/ai-evals-performance/keyv')
  const folder = mkdtempSync(join(tmpdir(), 'keyv-'))
  const adapter = new KeyvStore({ store: folder })
  await adapter.set('key', new Map([['big', 1n]]))
  expect(await adapter.get('key')).toEqual(new Map([['big', 1n]]))
  await adapter.disconnect()
  rmSync(folder, { recursive: true })
})
