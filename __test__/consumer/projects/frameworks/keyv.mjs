import assert from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Store } from '@aah/ai-evals-performance'
import { KeyvStore } from '@aah/ai-evals-performance/keyv'
import Keyv from 'keyv'

const folder = mkdtempSync(join(tmpdir(), 'keyv-'))
// A store of the package's main entry is one for its other entries, too.
const store = Store.open(folder)
const keyv = new Keyv(new KeyvStore({ store }))
assert.strictEqual(await keyv.set('key', 'value', 60_000), true)
assert.deepStrictEqual(await keyv.getMany(['key', 'none']), ['value', undefined])
await keyv.disconnect()
await store.flush()
assert.strictEqual(store.stats().entries, 1)
await store.close()
rmSync(folder, { recursive: true })
console.log('done')
