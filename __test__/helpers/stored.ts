// Caches of every kind with a store, and what is to be found in them.

import { EmbeddingCache, LRUCache, QueryCache, ResponseCache, type Store } from '@aah/ai-evals-performance'
import { expect } from 'vitest'

export const config = { provider: 'openai', model: 'gpt-4' }

/** Caches of every kind, each with something in it. */
export function fill(store: Store | string) {
  const caches = {
    responses: new ResponseCache({ store }),
    embeddings: new EmbeddingCache({ store }),
    queries: new QueryCache({ store }),
    values: new LRUCache({ store }),
  }
  caches.responses.set('a', config, { text: 'yes', at: new Date(7) })
  caches.responses.set({ question: 'a' }, config, 'second', { sample: 2 })
  caches.embeddings.set('a', [0.1, -0, 1 / 3])
  caches.queries.set('students', { id: 1 }, [{ id: 1n }])
  caches.queries.set('students', undefined, new Map([['all', new Set([1])]]))
  caches.values.set('a', undefined)
  return caches
}

export function expectFilled({ responses, embeddings, queries, values }: ReturnType<typeof fill>) {
  expect(responses.get('a', { model: 'gpt-4', provider: 'openai' })).toEqual({ text: 'yes', at: new Date(7) })
  expect(responses.get({ question: 'a' }, config, { sample: 2 })).toBe('second')
  expect(responses.has({ question: 'a' }, config)).toBe(false)
  expect(embeddings.get('a')).toEqual([0.1, -0, 1 / 3])
  expect(queries.get('students', { id: 1 })).toEqual([{ id: 1n }])
  expect(queries.get('students')).toEqual(new Map([['all', new Set([1])]]))
  expect(values.has('a')).toBe(true)
  expect(values.get('a')).toBeUndefined()
  expect(values.getStats()).toMatchObject({ hits: 1, misses: 0 })
}

export const empty = (store: Store | string) => ({
  responses: new ResponseCache({ store }),
  embeddings: new EmbeddingCache({ store }),
  queries: new QueryCache({ store }),
  values: new LRUCache({ store }),
})
