import { EventEmitter } from 'node:events'
import { checkOptions, limitOption } from '../arguments.ts'
import { asyncDispose } from '../dispose.ts'
import { emitSafely } from '../emit.ts'
import { flushOrThrow } from './flush.ts'
import { openFolder, type StoreHandle } from './store-handle.ts'
import type { DegradedEvent, StoreOptions, StoreStats, UnstorableEvent, VerifyReport } from './types.ts'

/** @internal For the caches: what a store holds is no business of others. */
export let handleOf: (store: Store) => StoreHandle

/**
 * A folder on disk in which caches keep what they hold, for later runs and for other threads and processes of the
 * machine. Any number of them may have it open at once.
 *
 * Writing is done in the background. Nothing that happens to the disk or the files makes a cache fail or wait for ever:
 * what cannot be read is a miss, what cannot be written is dropped and counted, and `'degraded'` says what happened.
 *
 * Events: `'degraded'` with a {@link DegradedEvent}, and `'unstorable'` with an {@link UnstorableEvent}. What happened
 * before anybody listened is told to the first who does.
 *
 * @example
 * const store = Store.open('.cache/evals')
 * const responses = new ResponseCache({ store })
 * const embeddings = new EmbeddingCache({ store, model: 'text-embedding-3-small' })
 * responses.set('Who may transfer?', { model: 'gpt-4' }, 'Anyone in good standing.')
 * await store.flush() // on disk now, for the next run
 * await store.close()
 */
export class Store extends EventEmitter {
  readonly #handle: StoreHandle
  #isListening = false

  static {
    handleOf = (store) => store.#handle
  }

  /**
   * Opens the store in a folder, which is made if need be: for this user only, mode 0700. Whatever is the matter with the
   * disk or the files, it opens.
   *
   * @throws TypeError or RangeError for a folder or an option of the wrong type or without sense.
   */
  static open(folder: string, options?: StoreOptions): Store {
    checkOptions('options', options)
    return new Store(openFolder('folder', folder, limitOption('maxBytes', options?.maxBytes, undefined)))
  }

  private constructor(handle: StoreHandle) {
    super()
    this.#handle = handle
    handle.teller = { unstorable: (event) => this.#tell('unstorable', event) }
  }

  /** The folder, as an absolute path. */
  get folder(): string {
    return this.#handle.folder
  }

  /** What the store holds, and what it could not do; once it is closed, what it was then. */
  stats(): StoreStats {
    return this.#handle.stats()
  }

  /**
   * Resolves when everything written before, through any cache of this process, is on disk.
   *
   * @throws PerformanceError `ERR_STORE_WRITE` where something written since the last flush is not.
   */
  flush(): Promise<void> {
    return flushOrThrow(this.#handle)
  }

  /**
   * Reads everything that is on disk and compares it with its checksums, on a thread of its own and while others read and
   * write. What is found wrong is left as it is: it is a miss when it is looked up. After `flush()`, what was written
   * before is looked at too. Never rejects for the state of the disk.
   */
  verify(): Promise<VerifyReport> {
    return this.#handle.verify()
  }

  /**
   * Writes what is still to be written and gives the folder back; never rejects, and may be called again. Caches that use
   * the store go on in memory.
   */
  close(): Promise<void> {
    return this.#handle.close()
  }

  /** The same as {@link close}, for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.close()
  }

  override on(event: 'degraded', listener: (event: DegradedEvent) => void): this
  override on(event: 'unstorable', listener: (event: UnstorableEvent) => void): this
  override on(event: string | symbol, listener: (...args: any[]) => void): this
  override on(event: string | symbol, listener: (...args: any[]) => void): this {
    super.on(event, listener)
    this.#heed()
    return this
  }

  override addListener(event: string | symbol, listener: (...args: any[]) => void): this {
    return this.on(event, listener)
  }

  override prependListener(event: string | symbol, listener: (...args: any[]) => void): this {
    super.prependListener(event, listener)
    this.#heed()
    return this
  }

  override removeListener(event: string | symbol, listener: (...args: any[]) => void): this {
    super.removeListener(event, listener)
    this.#heed()
    return this
  }

  override off(event: string | symbol, listener: (...args: any[]) => void): this {
    return this.removeListener(event, listener)
  }

  override removeAllListeners(event?: string | symbol): this {
    // Without an argument it means all events, which an argument that is undefined does not.
    if (event === undefined) super.removeAllListeners()
    else super.removeAllListeners(event)
    this.#heed()
    return this
  }

  /** What listens to the store in another thread exists only while somebody listens here. */
  #heed(): void {
    const isListening = this.listenerCount('degraded') > 0
    if (isListening !== this.#isListening) {
      this.#isListening = isListening
      this.#handle.listen(isListening ? (event) => this.#degraded(event) : null)
    }
    if (this.listenerCount('unstorable') > 0) {
      for (const event of this.#handle.takeUnheard()) this.#tell('unstorable', event)
    }
  }

  #degraded(json: string): void {
    const { reason, path, message } = JSON.parse(json) as DegradedEvent
    this.#tell('degraded', { reason, path, message })
  }

  #tell(name: string, event: object): boolean {
    const isHeard = this.listenerCount(name) > 0
    emitSafely(this, name, event)
    return isHeard
  }
}
