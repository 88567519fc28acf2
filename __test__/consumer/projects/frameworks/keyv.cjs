const assert = require('node:assert')
const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { KeyvStore } = require('@aah/ai-evals-performance/keyv')
const { Keyv } = require('keyv')

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'keyv-'))
  const keyv = new Keyv({ store: new KeyvStore({ store: folder }), namespace: 'evals' })
  await keyv.set('key', { value: 1 })
  await keyv.disconnect()
  const later = new Keyv({ store: new KeyvStore({ store: folder }), namespace: 'evals' })
  assert.deepStrictEqual(await later.get('key'), { value: 1 })
  for await (const entry of later.iterator()) assert.deepStrictEqual(entry, ['key', { value: 1 }])
  await later.disconnect()
  rmSync(folder, { recursive: true })
  console.log('done')
}

main()
