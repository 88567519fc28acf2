// keyv's own suite for storage adapters, which it publishes.

import { KeyvStore } from '@aah/ai-evals-performance/keyv'
import keyvTestSuite, { keyvIteratorTests } from '@keyv/test-suite'
import Keyv from 'keyv'
import * as vitest from 'vitest'

import { useFolder } from '../helpers/folders.ts'

const { afterEach, describe } = vitest

describe('an adapter for each keyv, on a folder of its own', () => {
  const folder = useFolder()
  const opened: KeyvStore[] = []
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.disconnect()))
  })
  const open = () => {
    const store = new KeyvStore({ store: folder() })
    opened.push(store)
    return store
  }
  keyvTestSuite(vitest, Keyv, open)
  keyvIteratorTests(vitest, Keyv, open)
})
