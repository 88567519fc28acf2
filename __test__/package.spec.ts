import { createRequire } from 'node:module'
import * as imported from '@aah/ai-evals-performance'
import { expect, test } from 'vitest'

test('import and require give the same objects', () => {
  const required = createRequire(import.meta.url)('@aah/ai-evals-performance')
  expect(Object.keys(required).sort()).toEqual(
    Object.keys(imported)
      .filter((name) => name !== 'default' && name !== 'module.exports')
      .sort(),
  )
  for (const name of Object.keys(required)) expect((imported as any)[name]).toBe(required[name])
})
