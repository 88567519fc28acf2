import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as native from '../lib/native.ts'

const GRANTED = 0
const STORED = 1
const GO_WITHOUT = 2
const FAILED = 3
const HELD = 4
const LONG = 600_000

type Namespace = ReturnType<typeof native.storeNamespace>

let folder: string
let store: ReturnType<typeof native.storeOpen>
let namespace: Namespace

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lease-'))
  store = native.storeOpen(folder, 2 ** 30)
  namespace = native.storeNamespace(store, 'responses')
})

afterEach(() => native.storeClose(store))

const put = (key: string) =>
  native.storePut(namespace, key, '"answer"', Float64Array.of(1, Date.now(), Infinity, 0, 0, 0, 0, 0), null, null)

test('who asks second waits until the first has stored the value', async () => {
  expect(await native.storeAcquire(namespace, 'k', LONG)).toEqual({ outcome: GRANTED })
  expect([...(await native.storeTryAcquire(namespace, ['k', 'free']))]).toEqual([HELD, GRANTED])
  const second = native.storeAcquire(namespace, 'k', LONG)
  put('k')
  native.storeRelease(namespace, 'k', null)
  expect(await second).toEqual({ outcome: STORED })
  expect(native.storeHas(namespace, 'k', Date.now())).toBe(true)
})

test('a failure reaches those who wait in the process', async () => {
  await native.storeAcquire(namespace, 'k', LONG)
  const second = native.storeAcquire(namespace, 'k', LONG)
  // Answered behind the second one: it waits by now.
  await native.storeTryAcquire(namespace, ['other'])
  native.storeRelease(namespace, 'k', Buffer.from('no'))
  expect(await second).toEqual({ outcome: FAILED, failure: Buffer.from('no') })
})

test('a wait of no time, and one for a store that is closed, end without a lease', async () => {
  await native.storeAcquire(namespace, 'k', LONG)
  expect(await native.storeAcquire(namespace, 'k', 0)).toEqual({ outcome: GO_WITHOUT })
  const waiting = native.storeAcquire(namespace, 'k', LONG)
  await native.storeClose(store)
  expect(await waiting).toEqual({ outcome: GO_WITHOUT })
  expect([...(await native.storeTryAcquire(namespace, ['k']))]).toEqual([GO_WITHOUT])
})

test('a worker thread that ends while it holds and waits gives way', async () => {
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    const native = require(workerData.binding)
    const namespace = native.storeNamespace(native.storeOpen(workerData.folder, 2 ** 30), 'responses')
    native.storeAcquire(namespace, 'held by the worker', ${LONG}).then(async () => {
      native.storeAcquire(namespace, 'held here', ${LONG})
      parentPort.postMessage(await native.storeTryAcquire(namespace, ['held here']))
    })
    setInterval(() => {}, 1_000)
  `
  await native.storeAcquire(namespace, 'held here', LONG)
  const binding = new URL('../binding.js', import.meta.url).pathname
  const worker = new Worker(source, { eval: true, workerData: { binding, folder } })
  const [answer] = await new Promise<Uint8Array>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  expect(answer).toBe(HELD)
  const waiting = native.storeAcquire(namespace, 'held by the worker', LONG)
  expect(await worker.terminate()).toBe(1)
  expect(await waiting).toEqual({ outcome: GRANTED })
  // The worker, which waited for this one, is not granted it any more.
  native.storeRelease(namespace, 'held here', null)
  expect(await native.storeAcquire(namespace, 'held here', LONG)).toEqual({ outcome: GRANTED })
})
