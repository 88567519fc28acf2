import { ResponseCache } from '@aah/ai-evals-performance'
import { expect, it, vi } from 'vitest'
import { temporaryFolder } from './helpers/folders.ts'

const config = { model: 'm' }

it('asks for the missing inputs together, each once, and gives all in their order', async () => {
  const cache = new ResponseCache()
  cache.set({ text: 'b' }, config, 'stored')
  const fn = vi.fn(async (inputs: { text: string }[]) => inputs.map(({ text }) => `made of ${text}`))
  const inputs = [{ text: 'c' }, { text: 'b' }, { text: 'a' }, { text: 'c' }]
  const expected = ['made of c', 'stored', 'made of a', 'made of c']
  expect(await cache.getOrSetMany(inputs, config, fn)).toEqual(expected)
  expect(await cache.getOrSetMany(inputs, config, fn)).toEqual(expected)
  expect(fn.mock.calls.map(([asked]) => asked)).toEqual([[{ text: 'c' }, { text: 'a' }]])
  expect(await cache.getOrSetMany([], config, fn)).toEqual([])
})

it('shares entries with `getOrSet`, sample by sample, and in a store', async () => {
  const folder = temporaryFolder()
  const first = new ResponseCache({ store: folder })
  await first.getOrSetMany(['a'], config, async () => ['one'], { sample: 1 })
  await first.close()
  const second = new ResponseCache({ store: folder })
  const never = () => Promise.reject(new Error('was asked'))
  expect(await second.getOrSet('a', config, never, { sample: 1 })).toBe('one')
  expect(await second.getOrSetMany(['a'], config, never, { sample: 1 })).toEqual(['one'])
  await expect(second.getOrSetMany(['a'], config, never)).rejects.toThrow('was asked')
  await second.close()
})

it('counts what each response says that it took', async () => {
  const cache = new ResponseCache()
  const fn = async (inputs: string[]) => inputs.map(() => ({ usage: { total_tokens: 4 } }))
  await cache.getOrSetMany(['a', 'b'], config, fn)
  await cache.getOrSetMany(['a', 'b'], config, fn)
  expect(cache.getStats().savings.tokens).toBe(8)
})

it('stores all or none', async () => {
  const cache = new ResponseCache()
  const many = (fn: () => unknown) => cache.getOrSetMany(['a', 'b'], config, fn as () => string[])
  await expect(many(() => ['one'])).rejects.toMatchObject({
    code: 'ERR_RESULT_COUNT',
    message: 'Expected one response for each input, got 1 responses for 2 inputs',
  })
  await expect(many(() => 'one')).rejects.toThrow(
    new TypeError('Expected `fn()` to be an array of responses, got `"one"`'),
  )
  await expect(cache.getOrSetMany('a' as never, config, async () => [])).rejects.toThrow(
    new TypeError('Expected `inputs` to be an array, got `"a"`'),
  )
  expect(cache.getStats().size).toBe(0)
})
