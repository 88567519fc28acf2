// Generated from lib/ by `npm run build`: change the declarations there.

import { EventEmitter } from 'node:events';

/** A place in which the request differs from the nearest one that is stored. */
interface KeyDifference {
    /** The way to it from the request, such as `modelConfig.temperature` or `input[2].content`. */
    path: string;
    /** What the request says there, in at most 80 characters; `undefined` where it has nothing. */
    wanted?: string;
    /** What the stored one says there, in at most 80 characters; `undefined` where it has nothing. */
    stored?: string;
}
/** The stored request that has most in common with the one that was looked for. */
interface NearestEntry {
    /** When it was stored. */
    created: Date;
    /** The first 100 places in which the two differ, in the order of their paths. */
    differences: KeyDifference[];
    /** How many further places there are. */
    omitted: number;
}
/** What a look-up finds, or why it finds nothing. */
interface Explanation {
    /** `'expired'`: the entry is there, but its time to live has passed. */
    outcome: 'hit' | 'expired' | 'miss';
    /** Where the entry is: in the memory of this thread, or in the store on disk. Not given for a miss. */
    tier?: 'memory' | 'store';
    /** When the entry was stored. Not given for a miss. */
    created?: Date;
    /** When the entry's time to live passed. Given for what has expired only. */
    expired?: Date;
    /** Given for a miss, unless there is no entry at all. */
    nearest?: NearestEntry;
    /** How many live entries the request was compared with. */
    entries: number;
}

/** What `using` calls. */
declare const dispose: typeof Symbol.dispose;
/** What `await using` calls. */
declare const asyncDispose: typeof Symbol.asyncDispose;

/** A time or duration in milliseconds: fractional, never rounded to whole ones. */
type Milliseconds = number;
/** A size in bytes. */
type Bytes = number;

/** What bounds a store. */
interface StoreOptions {
    /**
     * Most bytes that the store's entries take on disk: an integer ≥ 1, or `Infinity` for no such bound. It is kept in the
     * background and within a fifth; the entries used longest ago leave first. Where several ask for one store, the bound
     * of the first in each process holds.
     *
     * @default 4294967296, 4 GiB
     */
    maxBytes?: Bytes;
}
/** What a store holds, and what it could not do. */
interface StoreStats {
    /** Entries on disk, of all namespaces, expired ones included until they are removed. */
    entries: number;
    /** Bytes of the store's files. */
    bytes: Bytes;
    /** The bound on them. */
    maxBytes: Bytes;
    /** Writes that are on their way to the disk. */
    pending: number;
    /** Writes that were given up: the disk does not take any, or not as fast as they came. */
    droppedWrites: number;
    /** Writes that were tried and failed. */
    failedWrites: number;
    /** Entries that were found damaged, and removed. */
    damagedRecords: number;
    /** How often `'degraded'` was told. */
    degradations: number;
}
/** What `Store.verify` found. */
interface VerifyReport {
    /** Whether nothing is wrong: no entry is damaged, and SQLite finds the file sound. */
    ok: boolean;
    /** Entries that are as they were written. */
    entries: number;
    /** Bytes of these. */
    bytes: Bytes;
    /** Entries that are not. A look-up of one is a miss, and removes it. */
    damaged: number;
    /** Entries that another version of this package wrote: they are whole, and what they mean is not known. */
    unknown: number;
    /** What SQLite says of the file; empty where it is sound. */
    problems: string[];
}
/** What the event `'degraded'` says: a store cannot do all of its work, and goes on as well as it can. */
interface DegradedEvent {
    /** A stable word, such as `'write-failed'`, `'read-only'`, `'damaged-record'` or `'future-schema'`. */
    reason: string;
    /** The folder or file that it is about. */
    path: string;
    /** What happened, for people. */
    message: string;
}
/** What the event `'unstorable'` says, once for each kind of value and namespace: it stays in memory only. */
interface UnstorableEvent {
    namespace: string;
    /** What is in the way, such as `'function'` or `'class Decimal'`; `registerCodec` teaches a class to be stored. */
    kind: string;
    /** Where in the value it is, such as `choices[0].message`; empty for the value itself. */
    path: string;
}

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
declare class Store extends EventEmitter {
    /**
     * Opens the store in a folder, which is made if need be: for this user only, mode 0700. Whatever is the matter with the
     * disk or the files, it opens.
     *
     * @throws TypeError or RangeError for a folder or an option of the wrong type or without sense.
     */
    static open(folder: string, options?: StoreOptions): Store;
    private constructor();
    /** The folder, as an absolute path. */
    get folder(): string;
    /** What the store holds, and what it could not do; once it is closed, what it was then. */
    stats(): StoreStats;
    /**
     * Resolves when everything written before, through any cache of this process, is on disk.
     *
     * @throws PerformanceError `ERR_STORE_WRITE` where something written since the last flush is not.
     */
    flush(): Promise<void>;
    /**
     * Reads everything that is on disk and compares it with its checksums, on a thread of its own and while others read and
     * write. What is found wrong is left as it is: it is a miss when it is looked up. After `flush()`, what was written
     * before is looked at too. Never rejects for the state of the disk.
     */
    verify(): Promise<VerifyReport>;
    /**
     * Writes what is still to be written and gives the folder back; never rejects, and may be called again. Caches that use
     * the store go on in memory.
     */
    close(): Promise<void>;
    /** The same as {@link close}, for `await using`. */
    [asyncDispose](): Promise<void>;
    on(event: 'degraded', listener: (event: DegradedEvent) => void): this;
    on(event: 'unstorable', listener: (event: UnstorableEvent) => void): this;
    on(event: string | symbol, listener: (...args: any[]) => void): this;
    addListener(event: string | symbol, listener: (...args: any[]) => void): this;
    prependListener(event: string | symbol, listener: (...args: any[]) => void): this;
    removeListener(event: string | symbol, listener: (...args: any[]) => void): this;
    off(event: string | symbol, listener: (...args: any[]) => void): this;
    removeAllListeners(event?: string | symbol): this;
}

/**
 * What a cache holds and gives out:
 *
 * - `reference`: the very value that was stored. Costs nothing; who changes it, changes it for all.
 * - `copy`: a copy is held, and each caller gets a copy of his own.
 * - `frozen`: a deeply frozen copy is held and given to all. What freezing does not protect, as Maps, Sets, dates and
 *   typed arrays, is copied for each caller.
 *
 * What cannot be copied, such as a function, is held and given by reference, and counted as `notStorable`.
 */
type CacheIsolation = 'reference' | 'copy' | 'frozen';

/**
 * What a cache does with the requests it is asked for:
 *
 * - `live` uses what is there, and stores what is new.
 * - `record` does the same, and what it stores or finds in the store never expires.
 * - `replay` uses what is there and nothing else: a request that is not there throws `ERR_REPLAY_MISS` and calls nothing.
 * - `readonly` uses what is there, and stores nothing.
 * - `refresh` finds nothing, and overwrites what is there.
 * - `off` finds nothing and stores nothing, as if there were no cache.
 */
type CacheMode = 'live' | 'record' | 'replay' | 'readonly' | 'refresh' | 'off';

/** What those who asked a cache did not have to wait and pay for. */
interface Savings {
    /**
     * Look-ups of `getOrSet` and `getOrSetMany` that found no entry but waited for an answer that another was fetching
     * already. They are counted as misses too, so `misses − coalesced` answers were paid for.
     */
    coalesced: number;
    /** The time that the answers of all hits took when they were fetched by `getOrSet` or `getOrSetMany`. */
    time: Milliseconds;
    /** The tokens that the answers of all hits and coalesced look-ups took, as far as they are known. */
    tokens: number;
    /** What the answers of all hits and coalesced look-ups cost, as far as it is known. */
    cost: number;
}
/** What a cache's namespace of a store has saved since the store was made, whoever asked. */
interface LifetimeSavings extends Savings {
    /** Look-ups that found an entry, in memory or in the store. */
    hits: number;
}

/** What bounds a cache, and what it does with requests. */
interface CacheOptions {
    /** Most entries held: an integer ≥ 1. At no moment are there more: the least recently used entry leaves first. */
    maxSize?: number;
    /**
     * Time to live, counted from the last `set` of an entry by `Date.now()`: a number > 0. `Infinity` keeps an entry until
     * it is evicted.
     */
    ttl?: Milliseconds;
    /**
     * Most bytes held, as {@link CacheStats.memoryUsage} counts them: an integer ≥ 1, or `Infinity` for no such bound. At no
     * moment are there more: the least recently used entries leave until the rest fits. What is larger than this by itself
     * is not kept, nor what was stored under its key before, and nothing else has to leave for it.
     */
    maxMemory?: Bytes;
    /**
     * What is held and given out: the very value that was stored, copies of it, or a frozen one.
     *
     * @default 'reference'
     */
    isolation?: CacheIsolation;
    /**
     * Keeps entries on disk too, for later runs and for other threads and processes: the path of a folder, or an open store
     * that several caches share. What memory does not hold, or not any more, is looked for there; what is stored is
     * written there in the background. A cache that was given a folder gives it back in `close`. Default: memory only.
     */
    store?: string | Store;
    /**
     * Keeps the caches of one store apart: those of one name share their entries. Default: the kind of cache, `responses`,
     * `embeddings`, `queries` or `lru`.
     */
    namespace?: string;
    /**
     * What the cache does with requests. Default: what the environment variable `AI_EVALS_CACHE` says when the cache is
     * made, and otherwise `live`.
     */
    mode?: CacheMode;
}
/** What a cache has done since it was made or last cleared, and what it holds now. */
interface CacheStats {
    /** Look-ups (`get`, and each distinct text of `batchGet`) that found a live entry. */
    hits: number;
    /** Look-ups that found none. */
    misses: number;
    /** `hits / (hits + misses)`, 0..1; 0 before the first look-up. */
    hitRate: number;
    /** Live entries; the same as `entries`. */
    size: number;
    /** The most entries this cache holds. */
    maxSize: number;
    /** Live entries: those expired but not yet removed are not counted. */
    entries: number;
    /** Entries removed to make room. Expired and invalidated ones are not counted here. */
    evictions: number;
    /**
     * Bytes held by keys and values, kept up to date on every write. An estimate of what V8 needs for them, taken when a
     * value is stored: what is changed in the value afterwards is not noticed. 0 when the cache is empty.
     */
    memoryUsage: Bytes;
    /**
     * Mean time of a look-up, the making of its key included: the first and every 64th are measured with a nanosecond
     * clock that fake timers do not move. Never 0 once there was a look-up, 0 before.
     */
    avgAccessTime: Milliseconds;
}
/** The statistics of the caches of this package. */
interface DetailedCacheStats extends CacheStats {
    /** What this cache has saved since it was made or last cleared. */
    savings: Savings;
    /** What its namespace of the store has saved since the store was made. `undefined` without a store. */
    lifetime: LifetimeSavings | undefined;
    /** Values that could not be stored, or copied where `isolation` asks for it; they are held in memory all the same. */
    notStorable: number;
    /** Entries that its namespace of the store has on disk; 0 without a store. */
    storedEntries: number;
    /** Bytes that they take there. */
    storedBytes: Bytes;
}
/** What {@link CacheInvalidator} asks of a cache: every cache of this package, or one of your own. */
interface InvalidatableCache {
    /** Removes every entry. */
    clear(): void;
    /** Removes the expired entries and returns how many there were. */
    removeExpired(): number;
    /** What the cache has done and holds. */
    getStats(): CacheStats;
}

/** The tokens that an answer took. What is left out is unknown; a total that is left out is the sum of the two. */
interface TokenUsage {
    inputTokens?: number;
    outputTokens?: number;
    totalTokens?: number;
}

/** Which of several answers to one request is meant. */
interface SampleOptions {
    /**
     * The number of the answer: an integer ≥ 0. Each is an entry of its own, so asking for more samples later reuses the
     * first ones.
     *
     * @default 0
     */
    sample?: number;
}
/** How an entry is stored. */
interface EntryOptions {
    /** Time to live of this entry: a number > 0, `Infinity` for ever. In mode `record` nothing expires. Default: that of the cache. */
    ttl?: Milliseconds;
    /** The tokens that the answer took: what each hit saves. Default: what the answer itself says. */
    usage?: TokenUsage;
    /** What the answer cost, in whatever currency: a number ≥ 0. */
    cost?: number;
}
/** How an entry is stored, and which of several answers to one request it is. */
interface SetOptions extends SampleOptions, EntryOptions {
}
/** How long to wait for an answer that somebody else is fetching, and when to stop. */
interface WaitOptions {
    /**
     * Ends the waiting of this caller: it rejects with the signal's reason at once. The function that was called goes on as
     * long as others wait for it; then the signal that it was given aborts.
     */
    signal?: AbortSignal;
    /**
     * How long to wait for another thread or process that asks for the same, before asking oneself: a number > 0.
     *
     * @default 600000, ten minutes
     */
    maxWait?: Milliseconds;
}
/** How an answer is fetched and stored. */
interface FetchOptions<T = any> extends WaitOptions {
    /** As in {@link EntryOptions}. */
    ttl?: Milliseconds;
    /** As in {@link EntryOptions}, or a function that finds it in the answer. */
    usage?: TokenUsage | ((value: T) => TokenUsage | undefined);
    /** As in {@link EntryOptions}, or a function that finds it in the answer. */
    cost?: number | ((value: T) => number | undefined);
    /**
     * Whether an answer is stored; all who wait for it get it either way. `undefined` is never stored.
     *
     * Default: all answers are, save those of a model that were refused, cut off or ended by an error, as
     * `finishReason`, `finish_reason`, `stop_reason` or `status` say in the responses of OpenAI, Anthropic and the AI SDK.
     */
    shouldStore?: (value: T) => boolean;
}
/** How an answer is fetched and stored, and which of several to one request it is. */
interface GetOrSetOptions<T = any> extends SampleOptions, FetchOptions<T> {
}
/** How embeddings are fetched and stored. */
interface GetOrSetManyOptions<T = any> extends SampleOptions, WaitOptions {
    /** As in {@link EntryOptions}. */
    ttl?: Milliseconds;
    /** What all that were fetched took together, or a function that finds it; each is taken for an equal part of it. */
    usage?: TokenUsage | ((values: readonly T[]) => TokenUsage | undefined);
    /** What they cost together, in whatever currency: a number ≥ 0, or a function that finds it. */
    cost?: number | ((values: readonly T[]) => number | undefined);
}

/** Every failure of this package itself, as opposed to one of a function it was given, which is passed on untouched. */
declare class PerformanceError extends Error {
    /** A stable code, such as `ERR_SOURCE`; `docs/errors.md` lists them all. */
    readonly code: string;
    constructor(code: string, message: string, options?: ErrorOptions);
}

/** Code `ERR_REPLAY_MISS`: a cache in mode `replay` was asked for what is not stored. */
declare class ReplayMissError extends PerformanceError {
    /** What is stored instead; the message says the same. */
    readonly explanation: Explanation;
    constructor(message: string, explanation: Explanation);
}

/** What every cache can do, whatever it is asked by. */
declare class BaseCache {
    /**
     * Removes every entry and resets the statistics. With a store, every entry of the cache's namespace leaves that too;
     * what other processes hold in memory they hold until it expires.
     */
    clear(): void;
    /** What the cache has done since it was made or last cleared, and what it holds now. */
    getStats(): DetailedCacheStats;
    /** Removes the expired entries, which otherwise leave when they are looked up or room is needed. Returns how many. */
    removeExpired(): number;
    /**
     * Resolves when everything stored before is on disk; at once without a store.
     *
     * @throws PerformanceError `ERR_STORE_WRITE` where something stored since the last flush is not.
     */
    flush(): Promise<void>;
    /**
     * Writes what is still to be written and, if the cache was given a folder, gives that back. The cache goes on in memory.
     * Never rejects, and may be called again.
     */
    close(): Promise<void>;
    /** The same as {@link close}, for `await using`. */
    [asyncDispose](): Promise<void>;
}

/**
 * A bounded cache of anything under string keys: the least recently used entry makes room for a new one, and every
 * entry expires `ttl` after it was last set.
 *
 * A value comes back as the same reference that was stored, `undefined` included: `has` tells that from a miss.
 *
 * @example
 * const cache = new LRUCache<string>({ maxSize: 2, ttl: 60_000 })
 * cache.set('a', 'first')
 * cache.set('b', 'second')
 * cache.get('a') // 'first', and the most recently used now
 * cache.set('c', 'third')
 * cache.keys() // ['a', 'c']
 */
declare class LRUCache<T = any> extends BaseCache {
    /**
     * @param options `maxSize` defaults to 100 entries, `ttl` to 1 hour, `maxMemory` to no bound.
     * @throws TypeError or RangeError for an option of the wrong type or without sense.
     */
    constructor(options?: CacheOptions);
    /** The live value under `key`, which becomes the most recently used. Counts as a hit or a miss. */
    get(key: string): T | undefined;
    /**
     * Stores a value as the most recently used one, with a full time to live. What is set again is replaced and evicts
     * nothing.
     */
    set(key: string, value: T, options?: EntryOptions): void;
    /**
     * The live value under `key`, or what `fn` gives, which is stored. However many ask for it at once, `fn` is called
     * once, and all get its value or the error it failed with.
     *
     * @param fn is given a signal, which aborts when nobody waits for its answer any more. It must not ask for the
     *   same itself, which it would wait for without end.
     * @throws PerformanceError `ERR_REENTRANT` where it does so before it returns.
     */
    getOrSet(key: string, fn: (signal: AbortSignal) => T | PromiseLike<T>, options?: FetchOptions<T>): Promise<T>;
    /** Whether a live value is under `key`. Changes neither statistics nor recency. */
    has(key: string): boolean;
    /** Removes the value under `key`; whether there was a live one. */
    delete(key: string): boolean;
    /** Why `key` has a live value or none: with the nearest key that is stored. Changes neither statistics nor recency. */
    explain(key: string): Explanation;
    /** The keys of the live entries in memory, least recently used first. */
    keys(): string[];
}

/**
 * Keeps the responses of models under the input they answered and the configuration they ran with.
 *
 * Input and configuration are compared by content, whatever the order of their properties: plain data, dates, Maps,
 * Sets, typed arrays and bigints are told apart as JavaScript tells them apart. A response comes back as the same
 * reference that was stored: who changes it, changes it for the next caller too.
 *
 * @example
 * const cache = new ResponseCache({ maxSize: 1_000 })
 * const config = { provider: 'openai', model: 'gpt-4' }
 * cache.set('Who may transfer?', config, { text: 'Anyone in good standing.' })
 * cache.get('Who may transfer?', { model: 'gpt-4', provider: 'openai' }) // { text: 'Anyone in good standing.' }, the same object
 */
declare class ResponseCache extends BaseCache {
    /**
     * @param options `maxSize` defaults to 500 entries, `ttl` to 2 hours, `maxMemory` to 100 MiB.
     * @throws TypeError or RangeError for an option of the wrong type or without sense.
     */
    constructor(options?: CacheOptions);
    /**
     * The live response, which becomes the most recently used. Counts as a hit or a miss.
     *
     * @throws TypeError where `input` or `modelConfig` holds what no key can be made of: a function, a symbol, a cycle.
     */
    get<T = any>(input: any, modelConfig: any, options?: SampleOptions): T | undefined;
    /**
     * Stores a response with a full time to live.
     *
     * @throws TypeError as {@link get} does.
     */
    set(input: any, modelConfig: any, response: any, options?: SetOptions): void;
    /**
     * The live response, or what `fn` gives, which is stored. However many ask for it at once, `fn` is called once, and
     * all get its answer or the error it failed with.
     *
     * @param fn is given a signal, which aborts when nobody waits for its answer any more. It must not ask for the
     *   same itself, which it would wait for without end.
     * @throws PerformanceError `ERR_REENTRANT` where it does so before it returns.
     */
    getOrSet<T = any>(input: any, modelConfig: any, fn: (signal: AbortSignal) => T | PromiseLike<T>, options?: GetOrSetOptions<T>): Promise<T>;
    /**
     * The responses to several inputs, in their order. Those that are not there are asked of `fn` together, each distinct
     * input once, and stored: all of them, or none where `fn` fails. An input that another call is fetching already is
     * waited for.
     *
     * @param fn is given the missing inputs in the order they first occur in, and gives a response for each; its signal
     *   aborts when nobody waits for them any more. It must not ask for them itself, as with {@link getOrSet}.
     * @throws PerformanceError `ERR_RESULT_COUNT` where `fn` gives fewer or more responses than it was given inputs.
     * @throws TypeError as {@link get} does.
     */
    getOrSetMany<T = any, I = any>(inputs: I[], modelConfig: any, fn: (missing: I[], signal: AbortSignal) => T[] | PromiseLike<T[]>, options?: GetOrSetManyOptions): Promise<T[]>;
    /**
     * Whether there is a live response. Changes neither statistics nor recency.
     *
     * @throws TypeError as {@link get} does.
     */
    has(input: any, modelConfig: any, options?: SampleOptions): boolean;
    /** Removes a response; whether there was a live one. */
    delete(input: any, modelConfig: any, options?: SampleOptions): boolean;
    /**
     * Why there is a live response or none: what has expired, or the nearest request that is stored and the places in which
     * it differs. Changes neither statistics nor recency.
     *
     * @throws TypeError as {@link get} does.
     */
    explain(input: any, modelConfig: any, options?: SampleOptions): Explanation;
}

/** What bounds an embedding cache, and which embeddings it keeps. */
interface EmbeddingCacheOptions extends CacheOptions {
    /**
     * The model that makes the embeddings: those of two models never meet, though they share a store. Where one cache is for
     * several, each call names its own.
     */
    model?: string;
    /** How many numbers each embedding has: an integer ≥ 1. One of another length is refused. Default: any. */
    dimensions?: number;
}
/** Which model's embeddings are meant. */
interface EmbeddingModelOptions {
    /** The model that makes them. Default: that of the cache. */
    model?: string;
}
/**
 * Keeps embeddings under the texts they were made of: the least recently used one makes room for a new one.
 *
 * An embedding comes back as the same Array that was stored. A typed array is refused, since code that was given an
 * Array once would be given something else from the cache: store `Array.from(vector)`.
 *
 * @example
 * const cache = new EmbeddingCache()
 * cache.batchSet(new Map([['eligibility', [0.25, -0.5]], ['transfer', [0.125, 1]]]))
 * cache.batchGet(['transfer', 'visa']) // new Map([['transfer', [0.125, 1]], ['visa', undefined]])
 */
declare class EmbeddingCache extends BaseCache {
    /**
     * @param options `maxSize` defaults to 1,000 entries, `ttl` to 24 hours, `maxMemory` to 200 MiB.
     * @throws TypeError or RangeError for an option of the wrong type or without sense.
     */
    constructor(options?: EmbeddingCacheOptions);
    /** The embedding of `text`, which becomes the most recently used. Counts as a hit or a miss. */
    get(text: string, options?: SampleOptions & EmbeddingModelOptions): number[] | undefined;
    /**
     * Stores an embedding with a full time to live.
     *
     * @throws TypeError where `embedding` is not an Array of numbers, naming the first item that is none.
     * @throws RangeError where it has not as many numbers as the cache's `dimensions`.
     */
    set(text: string, embedding: number[], options?: SetOptions & EmbeddingModelOptions): void;
    /**
     * The embedding of `text`, or what `fn` gives, which is stored. However many ask for it at once, `fn` is called once,
     * and all get its embedding or the error it failed with.
     *
     * @param fn is given a signal, which aborts when nobody waits for its embedding any more. It must not ask for the
     *   same itself, which it would wait for without end.
     * @throws PerformanceError `ERR_REENTRANT` where it does so before it returns.
     * @throws TypeError or RangeError as {@link set} does, where `fn` does not give an embedding.
     */
    getOrSet(text: string, fn: (signal: AbortSignal) => number[] | PromiseLike<number[]>, options?: GetOrSetOptions<number[]> & EmbeddingModelOptions): Promise<number[]>;
    /**
     * The embeddings of all texts, in their order. Those that are not there are asked of `fn` together, each distinct text
     * once, and stored: all of them, or none where `fn` fails. A text that another call is fetching already is waited for.
     *
     * @param fn is given the missing texts in the order they first occur in, and gives an embedding for each; its signal
     *   aborts when nobody waits for them any more. It must not ask for them itself, as with {@link getOrSet}.
     * @throws PerformanceError `ERR_RESULT_COUNT` where `fn` gives fewer or more embeddings than it was given texts.
     * @throws TypeError or RangeError as {@link set} does, where one of them is no embedding.
     * @example
     * const cache = new EmbeddingCache({ model: 'text-embedding-3-small', dimensions: 2 })
     * cache.set('transfer', [0.125, 1])
     * const asked: string[] = []
     * const embed = async (texts: string[]) => {
     *   asked.push(...texts)
     *   return texts.map((text) => [text.length, 0.5])
     * }
     * await cache.getOrSetMany(['visa', 'transfer', 'visa'], embed) // [[4, 0.5], [0.125, 1], [4, 0.5]]
     * asked // ['visa']
     */
    getOrSetMany(texts: string[], fn: (missing: string[], signal: AbortSignal) => number[][] | PromiseLike<number[][]>, options?: GetOrSetManyOptions<number[]> & EmbeddingModelOptions): Promise<number[][]>;
    /** Whether there is a live embedding of `text`. Changes neither statistics nor recency. */
    has(text: string, options?: SampleOptions & EmbeddingModelOptions): boolean;
    /** Removes the embedding of `text`; whether there was a live one. */
    delete(text: string, options?: SampleOptions & EmbeddingModelOptions): boolean;
    /** Looks up each distinct text once: an entry for each, in the order they first occur in, `undefined` for a miss. */
    batchGet(texts: string[]): Map<string, number[] | undefined>;
    /**
     * Stores embeddings in the order of the Map, as one `set` after another would, but all of them or none.
     *
     * @throws TypeError or RangeError before anything is stored, naming what is not an embedding.
     */
    batchSet(embeddings: Map<string, number[]>): void;
    /**
     * Why there is a live embedding of `text` or none: with the nearest text that is stored. Changes neither statistics nor
     * recency.
     */
    explain(text: string, options?: SampleOptions & EmbeddingModelOptions): Explanation;
}

/**
 * Keeps the results of database queries under the query's text or name and its parameters.
 *
 * Parameters are compared by content, whatever the order of their properties; none at all is not the same as `{}`. A
 * result comes back as the same reference that was stored.
 *
 * @example
 * const cache = new QueryCache({ ttl: 60_000 })
 * cache.set('student-metrics', { studentId: '123' }, { gpa: 3.4 })
 * cache.get('student-metrics', { studentId: '123' }) // { gpa: 3.4 }
 * cache.invalidate('student-metrics') // 1
 */
declare class QueryCache extends BaseCache {
    /**
     * @param options `maxSize` defaults to 200 entries, `ttl` to 5 minutes, `maxMemory` to 50 MiB.
     * @throws TypeError or RangeError for an option of the wrong type or without sense.
     */
    constructor(options?: CacheOptions);
    /**
     * The live result, which becomes the most recently used. Counts as a hit or a miss.
     *
     * @throws TypeError where `params` holds what no key can be made of: a function, a symbol, a cycle.
     */
    get<T = any>(query: string, params?: any, options?: SampleOptions): T | undefined;
    /**
     * Stores a result with a full time to live.
     *
     * @throws TypeError as {@link get} does.
     */
    set(query: string, params: any | undefined, result: any, options?: SetOptions): void;
    /**
     * The live result, or what `fn` gives, which is stored. However many ask for it at once, `fn` is called once, and all
     * get its result or the error it failed with.
     *
     * @param fn is given a signal, which aborts when nobody waits for its result any more. It must not ask for the
     *   same itself, which it would wait for without end.
     * @throws PerformanceError `ERR_REENTRANT` where it does so before it returns.
     */
    getOrSet<T = any>(query: string, params: any | undefined, fn: (signal: AbortSignal) => T | PromiseLike<T>, options?: GetOrSetOptions<T>): Promise<T>;
    /**
     * Whether there is a live result. Changes neither statistics nor recency.
     *
     * @throws TypeError as {@link get} does.
     */
    has(query: string, params?: any, options?: SampleOptions): boolean;
    /** Removes a result; whether there was a live one. */
    delete(query: string, params?: any, options?: SampleOptions): boolean;
    /**
     * Why there is a live result or none: what has expired, or the nearest query that is stored and the places in which it
     * differs. Changes neither statistics nor recency.
     *
     * @throws TypeError as {@link get} does.
     */
    explain(query: string, params?: any, options?: SampleOptions): Explanation;
    /**
     * Removes every entry whose query text matches, or whose query text directly followed by its parameters as JSON does:
     * `student-metrics{"studentId":"123"}`. JSON as `JSON.stringify` wrote it when the result was stored, a bigint as the
     * string of its digits.
     *
     * A string matches where it occurs literally or, if it is a valid regular expression, where that matches: removing too
     * much is safe, a stale result is not. Sticky and global expressions match like any other, and their `lastIndex` is
     * left alone. The statistics stay as they are. With a store, what matches leaves that too.
     *
     * @returns how many entries were removed.
     * @throws TypeError where `pattern` is neither a string nor a regular expression.
     */
    invalidate(pattern: RegExp | string): number;
}

/**
 * The three caches of an evaluation, cleared, swept and observed together. {@link cacheManager} is the one that a
 * program shares; one made with `new` is separate.
 *
 * The caches can be replaced, and every method acts on those in place at the time of the call. Each is made when it is
 * first asked for, so that the environment can name its mode until then.
 *
 * @example
 * cacheManager.responseCache = new ResponseCache({ maxSize: 10_000, ttl: Infinity })
 * cacheManager.getAllStats().response.maxSize // 10000
 */
declare class CacheManager {
    /** The instance that {@link cacheManager} is. */
    static getInstance(): CacheManager;
    /** The responses of models. */
    get responseCache(): ResponseCache;
    set responseCache(cache: ResponseCache);
    /** The embeddings of texts. */
    get embeddingCache(): EmbeddingCache;
    set embeddingCache(cache: EmbeddingCache);
    /** The results of database queries. */
    get queryCache(): QueryCache;
    set queryCache(cache: QueryCache);
    /** Removes every entry of the three caches and resets their statistics. */
    clearAll(): void;
    /** The statistics of the three caches. */
    getAllStats(): {
        response: DetailedCacheStats;
        embedding: DetailedCacheStats;
        query: DetailedCacheStats;
    };
    /**
     * Removes expired entries every `intervalMs`; started again, it goes on with the new interval only. Does not keep the
     * process alive.
     *
     * @param intervalMs a number > 0 and below 2³¹. Default: 300,000, five minutes.
     */
    startCleanup(intervalMs?: Milliseconds): void;
    /** Ends what `startCleanup` began. */
    stopCleanup(): void;
}
/** The caches that a whole program shares. */
declare const cacheManager: CacheManager;

/**
 * Clears and sweeps several caches by name: those of this package, or any object with the same three methods.
 *
 * @example
 * const invalidator = new CacheInvalidator()
 * invalidator.register('responses', cacheManager.responseCache)
 * invalidator.invalidate('responses') // true
 */
declare class CacheInvalidator {
    /**
     * Takes a cache under a name, in place of an earlier one of that name.
     *
     * @throws TypeError where `cache` lacks one of the three methods.
     */
    register(name: string, cache: InvalidatableCache): void;
    /** Clears every cache. Where one throws, the others are cleared all the same, and then its error is thrown. */
    invalidateAll(): void;
    /** Clears the cache of that name; `false` where there is none. */
    invalidate(name: string): boolean;
    /**
     * Removes what has expired from every cache: how many entries of each. Where one throws, the others are swept all the
     * same, and then its error is thrown.
     */
    removeExpired(): Map<string, number>;
    /** The statistics of every cache. */
    getStats(): Map<string, CacheStats>;
    /**
     * Removes what has expired every `intervalMs`, until the timer it returns is cleared. The timer does not keep the
     * process alive, and a cache that throws does not end it.
     *
     * @param intervalMs a number > 0 and below 2³¹. Default: 300,000, five minutes.
     */
    scheduleCleanup(intervalMs?: Milliseconds): NodeJS.Timeout;
}

/** One measurement, as the `'start'` event gives it (without `endTime` and `duration`, which are not known then). */
interface PerformanceMeasurement {
    /** The component that is measured. */
    name: string;
    /** When it started, on the clock of `performance.now()`. */
    startTime: Milliseconds;
    endTime?: Milliseconds;
    duration?: Milliseconds;
    /** What was given to `start`, `measure` or `measureSync`, by reference. */
    metadata?: Record<string, any>;
}
/**
 * What the measurements of one component add up to.
 *
 * Calls, total, minimum and maximum are exact, whatever their number. The percentiles are nearest-rank ones: the
 * smallest measured duration that 50, 95 or 99 % of the measurements do not exceed. They are exact for up to 1,024
 * measurements; with more they come from an HDR histogram and are within 0.1 % of the exact ones (or within a
 * nanosecond, where that is more).
 */
interface ComponentTiming {
    component: string;
    totalCalls: number;
    totalDuration: Milliseconds;
    avgDuration: Milliseconds;
    minDuration: Milliseconds;
    maxDuration: Milliseconds;
    p50Duration: Milliseconds;
    p95Duration: Milliseconds;
    p99Duration: Milliseconds;
}
/** When `identifyBottlenecks` calls a component critical; the other severities follow from these two. */
interface BottleneckThresholds {
    /**
     * A mean of at least this is slow.
     * @default 1000
     */
    criticalMs?: Milliseconds;
    /**
     * A share of the total of at least this many per cent is large.
     * @default 20
     */
    criticalPercent?: number;
}
/** A component that costs much. */
interface Bottleneck {
    component: string;
    /**
     * - `'critical'`: the mean reaches `criticalMs` and the share reaches `criticalPercent`
     * - `'high'`: one of them does
     * - `'medium'`: one reaches half of its threshold
     * - `'low'`: one reaches a quarter of it
     */
    severity: 'critical' | 'high' | 'medium' | 'low';
    avgDuration: Milliseconds;
    /**
     * The component's share of the sum of all components' durations, 0 to 100. Where one measurement runs inside
     * another, its time is part of both.
     */
    percentOfTotal: number;
    /** What the component costs, in a sentence. */
    impact: string;
    /** What to do about it, in a sentence. */
    recommendation: string;
}
/** The timings of a moment, to compare later ones with. */
interface PerformanceBaseline {
    id: string;
    timestamp: Date;
    /** By name; the largest total first. */
    components: Map<string, ComponentTiming>;
    /** The sum over all components. */
    totalDuration: Milliseconds;
}
/**
 * How many per cent slower than its baseline a component must be to be reported at each severity: more than
 * `critical` ≥ more than `major` ≥ more than `minor`. One that is left out has its default, or the nearest value
 * that the given ones allow.
 */
interface RegressionThresholds {
    /** @default 50 */
    critical?: number;
    /** @default 25 */
    major?: number;
    /** @default 10 */
    minor?: number;
}
/** A component whose mean duration grew. */
interface PerformanceRegression {
    component: string;
    /** The mean in the baseline. */
    baselineDuration: Milliseconds;
    /** The mean now. */
    currentDuration: Milliseconds;
    /** The growth in per cent of the baseline's mean: 100 is twice as slow. */
    percentChange: number;
    severity: 'critical' | 'major' | 'minor';
    /** The threshold that `percentChange` exceeds, the largest of those it does. */
    threshold: number;
}
/** Everything a monitor knows, at one moment. */
interface PerformanceReport {
    /** Unique to this report. */
    id: string;
    timestamp: Date;
    /** The sum over all components. */
    totalDuration: Milliseconds;
    /** The largest total first. */
    components: ComponentTiming[];
    /** By the default thresholds, the largest share first. */
    bottlenecks: Bottleneck[];
    /** The largest change first; empty without a baseline. */
    regressions: PerformanceRegression[];
    summary: {
        totalComponents: number;
        totalCalls: number;
        /** The mean of all calls of all components; 0 when nothing was measured. */
        avgCallDuration: Milliseconds;
        /** The component with the largest mean; `'N/A'` when nothing was measured. */
        slowestComponent: string;
        /** The component with the smallest mean; `'N/A'` when nothing was measured. */
        fastestComponent: string;
    };
    /**
     * Numbers that go up and down, as they are at this moment: of each pool of connections that is monitored, those in use,
     * those idle and the calls that wait, such as `'pool-in-use'`. Left out where there are none.
     */
    gauges?: Record<string, number>;
    /** The baseline that `regressions` compares with. */
    baseline?: string;
}

/**
 * Measures how long the parts of a program take, under names of your choice (*components*), and reports which cost
 * most and which became slower.
 *
 * ```ts
 * const monitor = new PerformanceMonitor()
 * const answer = await monitor.measure('model', () => ask(question))
 * const right = monitor.measureSync('scoring', () => answer === expected)
 * console.log(monitor.generateReport().bottlenecks)
 * ```
 *
 * Durations are fractional milliseconds of `performance.now()`, which is looked up at each use, so that fake timers
 * work; one that is negative because the clock was set back counts as 0, one that is not finite is left out. What a
 * monitor holds grows with the number of components, not with that of measurements.
 *
 * Any string can be a component's name. Each monitor, and each worker thread's `performanceMonitor`, is by itself.
 *
 * ## Events
 *
 * - `'start'` `{ name, startTime, metadata }`
 * - `'end'` `{ name, duration }`
 * - `'baseline-set'` `{ id, baseline }`
 * - `'reset'`
 *
 * Listeners are called after the fact was recorded, so one that throws loses nothing. Its error reaches the caller of
 * `start`, `end`, `setBaseline` and `reset`, as usual with an `EventEmitter`. It never becomes the outcome of a
 * function that `measure`, `measureSync` or `@Measure` runs: there every listener hears of the event, and what one
 * throws, or rejects with, goes to the listeners of `'error'`, if any.
 */
declare class PerformanceMonitor extends EventEmitter {
    /**
     * Starts a measurement that `end(name)` ends. They nest: a name can be started again before it ended. Use `measure`
     * for work that overlaps, because `end` cannot tell which of several open measurements it belongs to.
     *
     * @throws TypeError where `name` is not a string.
     */
    start(name: string, metadata?: Record<string, any>): void;
    /**
     * Ends the most recently started of the open measurements of `name`.
     *
     * @returns Its duration.
     * @throws PerformanceError `ERR_NO_ACTIVE_TIMER`, "No active timer found for: NAME", where none is open.
     */
    end(name: string): Milliseconds;
    /**
     * Runs `fn` and measures until its promise settles. Any number of these may overlap, under one name or several;
     * each is timed by itself and none touches what `start` and `end` do.
     *
     * @returns What `fn` resolves to. If `fn` throws or rejects, the promise rejects with the same error; the time until
     * then is recorded like any other. A measurement during which `reset` was called is not recorded.
     * @throws (as a rejection) TypeError where `name` is not a string or `fn` is not a function.
     */
    measure<T>(name: string, fn: () => Promise<T>, metadata?: Record<string, any>): Promise<T>;
    /**
     * Runs `fn` and measures until it returns. If it throws, the same error is thrown; the time is recorded all the
     * same. A promise is returned as it is and not waited for: that is what `measure` is for.
     *
     * @throws TypeError where `name` is not a string or `fn` is not a function.
     */
    measureSync<T>(name: string, fn: () => T, metadata?: Record<string, any>): T;
    /** What the measurements of `component` add up to; `undefined` where none has ended. */
    getComponentTiming(component: string): ComponentTiming | undefined;
    /** The timing of every component with an ended measurement, the largest total first. */
    getAllTimings(): ComponentTiming[];
    /**
     * The components that cost most, the largest share of the total first. A component's mean is held against
     * `criticalMs`, its share of the sum of all components' totals against `criticalPercent`: *critical* if both reach
     * their threshold, *high* if one does, *medium* if one reaches half of it, *low* if one reaches a quarter; else the
     * component is not listed.
     *
     * @throws RangeError where a threshold is not greater than 0.
     */
    identifyBottlenecks(thresholds?: BottleneckThresholds): Bottleneck[];
    /** Keeps the timings of this moment under `id`, in place of an earlier baseline of that name, and returns a copy. */
    setBaseline(id: string): PerformanceBaseline;
    /** A copy of a baseline; `undefined` where none has that name. */
    getBaseline(id: string): PerformanceBaseline | undefined;
    /** The names of the baselines, in the order in which they were first set. */
    listBaselines(): string[];
    clearBaselines(): void;
    /**
     * The components whose mean is more than `minor`, `major` or `critical` per cent above the one in the baseline, the
     * largest change first. One that the baseline does not have, or has with a mean of 0, cannot be compared and is
     * passed over.
     *
     * @throws PerformanceError `ERR_UNKNOWN_BASELINE` where no baseline has that name.
     * @throws RangeError where a threshold is not greater than 0, or they are not in the order critical ≥ major ≥ minor.
     */
    detectRegressions(baselineId: string, thresholds?: RegressionThresholds): PerformanceRegression[];
    /**
     * Everything at once: timings, bottlenecks and regressions by the default thresholds, and a summary.
     *
     * @param baselineId The baseline to compare with; without it `regressions` is empty.
     * @throws PerformanceError `ERR_UNKNOWN_BASELINE` where no baseline has that name.
     */
    generateReport(baselineId?: string): PerformanceReport;
    /** Forgets all measurements, the open and running ones included. Baselines stay. */
    reset(): void;
}
/** The monitor that `@Measure` reports to: one per thread, for programs that need no other. */
declare const performanceMonitor: PerformanceMonitor;

/**
 * Times each call of a method through `performanceMonitor`: until it returns or throws or, where it returns a promise,
 * until that settles. Works as a standard decorator and as one of TypeScript's `experimentalDecorators`, on instance,
 * static and private methods. `this`, arguments, outcome, and the method's `name` and `length` stay as they are.
 *
 * ```ts
 * class Scorer {
 *   @Measure() // 'Scorer.score'
 *   async score(answer: string) {
 *     return judge(answer)
 *   }
 * }
 * ```
 *
 * An object that has a `then` but is no `Promise` is a value like any other: it is timed until the method returns it.
 *
 * @param name The component's name.
 * By default `Class.method`, where the class is the one the object belongs to at the time of the call.
 * @throws TypeError where `name` is not a string, or what is decorated is not a method.
 */
declare function Measure(name?: string): any;

/** What to measure, and how often. */
interface BenchmarkConfig {
    /** Shown in reports, and what `Benchmark.getHistory` finds results by. Need not be unique. */
    name: string;
    /** A sentence for the report. */
    description?: string;
    /**
     * Calls that are measured: exactly this many, an integer ≥ 1.
     *
     * @default 100 for `run`, 1,000 for `runSync`
     */
    iterations?: number;
    /**
     * Calls made before, so that compiled code and filled caches are measured rather than their making: exactly this
     * many, an integer ≥ 0.
     *
     * @default 10 for `run`, 100 for `runSync`
     */
    warmupIterations?: number;
    /**
     * Lets calls overlap, as requests to a server do. `totalDuration` is then the time on the wall, from the first start
     * to the last end, and `throughput` follows from it. `runSync` ignores this: synchronous calls cannot overlap.
     *
     * @default false
     */
    parallel?: boolean;
    /**
     * With `parallel`: the most calls in flight at any moment, an integer ≥ 1.
     *
     * @default 10
     */
    concurrency?: number;
}
/** One finished run. A plain object of numbers: it survives `JSON.stringify` and can be compared later. */
interface BenchmarkResult {
    name: string;
    description?: string;
    /** Calls that were measured. */
    iterations: number;
    /**
     * How many batches the calls were timed in, where calls were too short to be timed one by one; left out otherwise.
     * The figures per call below then take each call at the mean of its batch.
     */
    samples?: number;
    /** The sum of all measured calls; with `parallel`, the time on the wall. */
    totalDuration: Milliseconds;
    /** Arithmetic mean of a call. */
    avgDuration: Milliseconds;
    minDuration: Milliseconds;
    maxDuration: Milliseconds;
    /** The middle one, or the mean of the middle two. */
    medianDuration: Milliseconds;
    /** Nearest rank: the shortest duration that at least 95 % of the calls did not exceed. */
    p95Duration: Milliseconds;
    /** Nearest rank: the shortest duration that at least 99 % of the calls did not exceed. */
    p99Duration: Milliseconds;
    /** Sample standard deviation (n − 1); 0 for a single sample. */
    stdDeviation: Milliseconds;
    /**
     * Calls per second: `iterations` by `totalDuration`. Always finite: a run in which the clock did not move counts as
     * one nanosecond.
     */
    throughput: number;
    /**
     * The used heap before and after the measured calls. `delta` is negative where garbage was collected meanwhile: start
     * Node with `--expose-gc` and call `gc()` before a run whose memory matters.
     */
    memoryUsage?: {
        before: Bytes;
        after: Bytes;
        delta: Bytes;
    };
}
/** A current result against its baseline. */
interface BenchmarkComparison {
    baseline: BenchmarkResult;
    current: BenchmarkResult;
    /**
     * Per cent of the baseline; positive is better: less mean duration, more throughput, less growth of memory. Always
     * finite, and 0 where a value is not known or the baseline is 0.
     */
    improvement: {
        durationPercent: number;
        throughputPercent: number;
        memoryPercent: number;
    };
    /**
     * `'faster'` or `'slower'` only where the difference both matters and is proven: at least 5 %, and p < 0.01.
     * `'similar'` otherwise, which does not say that the two are equal: more iterations may tell them apart.
     */
    verdict: 'faster' | 'slower' | 'similar';
    /**
     * How large a proven difference is: `'significant'` from 50 % of the baseline's mean duration, `'moderate'` from
     * 20 %, `'minor'` from 5 %. `'negligible'` where the verdict is `'similar'`.
     */
    significance: 'significant' | 'moderate' | 'minor' | 'negligible';
}
/** The results of a suite. */
interface BenchmarkSuiteResult {
    name: string;
    /** When the run began. */
    timestamp: Date;
    /** In the order in which they were added. */
    benchmarks: BenchmarkResult[];
    summary: {
        totalBenchmarks: number;
        /** The sum of the benchmarks' `totalDuration`. */
        totalDuration: Milliseconds;
        /** The name of the one with the least `avgDuration`; `'N/A'` where there is none. */
        fastestBenchmark: string;
        /** The name of the one with the greatest `avgDuration`; `'N/A'` where there is none. */
        slowestBenchmark: string;
        /** The mean of the benchmarks' `throughput`, in calls per second; 0 where there is none. */
        avgThroughput: number;
    };
}

/**
 * Measures functions, remembers what it measured, and says whether two results differ.
 *
 * ```ts
 * const benchmark = new Benchmark()
 * const before = await benchmark.run({ name: 'scorer', iterations: 200 }, () => scorer.score(expected, actual))
 * const after = await benchmark.run({ name: 'scorer', iterations: 200 }, () => faster.score(expected, actual))
 * Benchmark.printComparison(benchmark.compare(before, after))
 * ```
 *
 * Time is read from `performance.now()` at each use, so fake timers decide it where a test installs them.
 */
declare class Benchmark {
    /**
     * Measures an asynchronous function: `warmupIterations` calls, then `iterations` timed ones, each awaited before the
     * next, or overlapping with `parallel`. A timed call includes its `await`, a fraction of a microsecond: measure
     * synchronous functions with `runSync`.
     *
     * When a call fails, the promise rejects with that very error, once the calls in flight have ended; no further call
     * is started and the history stays as it was.
     *
     * @throws TypeError or RangeError (as a rejection) where an argument makes no sense.
     */
    run<T>(config: BenchmarkConfig, fn: () => Promise<T>): Promise<BenchmarkResult>;
    /**
     * Measures a synchronous function: exactly `warmupIterations` calls, then exactly `iterations` timed ones.
     *
     * Calls of a microsecond or more are timed one by one. Shorter ones are timed in batches of about four microseconds,
     * each call counting with the mean of its batch, so that the duration of a function that takes two nanoseconds is
     * that of the function and not of the clock. `samples` then tells how many batches there were; give such a function
     * at least 100,000 iterations.
     *
     * What `fn` throws is passed on untouched, and the history stays as it was.
     *
     * @throws TypeError or RangeError where an argument makes no sense.
     */
    runSync<T>(config: BenchmarkConfig, fn: () => T): BenchmarkResult;
    /**
     * Says how `current` differs from `baseline`. Neither has to come from this benchmark, this process or this machine;
     * results read from JSON will do.
     *
     * A difference must be at least 5 % and unlikely by chance (p < 0.01). Where this process measured both, the medians
     * of ten consecutive blocks of each run's samples are compared by the Mann–Whitney U test, which takes at least 6
     * samples each, and the difference must show in mean and median alike and, below 50 %, in the fastest call: neither
     * stray calls nor a machine that is busy now and then make a verdict. Otherwise Welch's t test compares means and
     * standard deviations.
     *
     * Identical functions are then called different in at most 2 of 100 comparisons, as long as the machine treats both
     * runs alike. No test can tell a slower function from a machine that was slower while it ran: where that may be,
     * measure in turns and look at more than one pair.
     *
     * @throws TypeError where an argument is no result.
     */
    compare(baseline: BenchmarkResult, current: BenchmarkResult): BenchmarkComparison;
    /** The results of that name, oldest first, in an array of the caller's own. */
    getHistory(name: string): BenchmarkResult[];
    /** Forgets all results. */
    clear(): void;
    /** Prints a result with `console.log`, no line longer than 80 columns. */
    static print(result: BenchmarkResult): void;
    /** Prints a comparison with `console.log`, no line longer than 80 columns. */
    static printComparison(comparison: BenchmarkComparison): void;
}

/** Benchmarks that are run one after the other and reported together. */
declare class BenchmarkSuite {
    /** @param name - The title of the report. */
    constructor(name?: string);
    /**
     * Adds a benchmark, to be run as `Benchmark.run` runs it. Names may repeat.
     *
     * @throws TypeError or RangeError where an argument makes no sense; the suite then stays as it was.
     */
    add(config: BenchmarkConfig, fn: () => Promise<any>): this;
    /**
     * Runs all benchmarks in the order in which they were added, each after the one before has ended. Each run starts
     * anew. Where a function fails, the promise rejects with its error; `getResults` has the results before it.
     */
    run(): Promise<BenchmarkSuiteResult>;
    /** The results of the latest run so far, in an array of the caller's own. */
    getResults(): BenchmarkResult[];
    /** Removes all benchmarks and results. */
    clear(): void;
    /** Prints the results of a suite as a table with `console.log`, no line longer than 80 columns. */
    static printSummary(suite: BenchmarkSuiteResult): void;
}

/**
 * Measures a synchronous cache: writes `key-0` to `key-(operations − 1)`, then reads them in the same order. Whatever
 * the cache held stays in it, as far as it has room.
 *
 * @param cache - Anything with `get`, `set` and `getStats`, such as an `LRUCache`.
 * @param operations - How many writes, and how many reads: an integer ≥ 1. Default 10,000.
 * @returns Both results, and the cache's statistics after the last read.
 * @throws TypeError or RangeError (as a rejection) where an argument makes no sense.
 */
declare function benchmarkCache<Stats>(cache: {
    get(key: string): any;
    set(key: string, value: any): void;
    getStats(): Stats;
}, operations?: number): Promise<{
    reads: BenchmarkResult;
    writes: BenchmarkResult;
    stats: Stats;
}>;

/**
 * How a stream batches and how much it holds in memory. Each is an integer of at least 1; anything else is a `TypeError`
 * or a `RangeError`. `batchSize` may exceed `bufferSize`: a {@link DatasetStream} then hands out what its buffer holds,
 * the two others fill their batches from disk. {@link ParallelExecutor.executeTasksStreaming} heeds `bufferSize` alone.
 */
interface StreamConfig {
    /**
     * Most items handed to your function at once.
     * @default 50; 100 for a {@link ResultWriter}
     */
    batchSize?: number;
    /**
     * Most bytes that waiting items may take in memory, by an estimate of each item's size. One item larger than that is
     * taken when nothing else waits, since it could never pass otherwise.
     * @default 100 MiB; 50 MiB for a {@link ResultWriter}
     */
    maxMemory?: Bytes;
    /**
     * Most items that may wait in memory. The batch in flight counts until it is done.
     * @default 1,000; 500 for a {@link ResultWriter}; 1 for {@link ParallelExecutor.executeTasksStreaming}
     */
    bufferSize?: number;
}
/** One question of a dataset. A framework's own type fits: nothing beyond these fields is asked for. */
interface TestCase<TInput = any, TOutput = any> {
    id: string;
    input: TInput;
    expected: TOutput;
    [field: string]: any;
}
/** What running a test case gave. A framework's own type fits. */
interface RunResult<TOutput = any> {
    actual?: TOutput;
    /** `tokenUsage.total` settles the token limit of a {@link ParallelExecutor} where it is given. */
    metadata?: any;
    [field: string]: any;
}

/** What a stream has done since it was made or cleared. */
interface StreamStats {
    /** Items whose batch succeeded. */
    itemsProcessed: number;
    /** Items taken and not yet processed, in memory or on disk, the batch in flight included. */
    itemsBuffered: number;
    /** Estimated bytes of the buffered items that are in memory; 0 when nothing is buffered. */
    memoryUsage: Bytes;
    /** Times an item found no room in memory: {@link DatasetStream} refused it, {@link BatchProcessor} set it aside. */
    backpressureEvents: number;
    /** Mean time of a batch that succeeded; 0 before the first. */
    avgProcessingTime: Milliseconds;
    /** Items per second of processing, waiting not included; 0 while no time was measured. Always finite. */
    throughput: number;
}

/**
 * A bounded buffer between a producer and a function that works on batches. It refuses what does not fit, so that the
 * producer slows down; what it has taken is processed exactly once and in order.
 *
 * ```ts
 * const stream = new DatasetStream<number>({ batchSize: 2 })
 * for (const item of [1, 2, 3]) stream.push(item)
 * await stream.process(async (batch) => batch.map((item) => item * 10)) // [10, 20, 30]
 * ```
 *
 * Events; a listener that throws disturbs nothing:
 * - `'data'` (item): an item was taken.
 * - `'backpressure'` ({@link BackpressureEvent}): an item was refused. `'memory-pressure'` (the same) follows where
 *   `maxMemory` was the reason.
 * - `'batch-complete'` ({@link BatchCompleteEvent}): a batch is done and its room is free again.
 * - `'pause'`, `'resume'`: no values.
 * - `'error'` (error): a batch failed, or a listener threw. Emitted only where somebody listens.
 */
declare class DatasetStream<T = any> extends EventEmitter {
    constructor(config?: StreamConfig);
    /**
     * Offers an item. `true`: it was taken and will be processed, by the call of {@link process} that runs or by the next
     * one. `false`: `bufferSize` or `maxMemory` is reached and the item was not taken; offer it again later, for instance
     * after `'batch-complete'`. Items of the batch in flight take room until it is done.
     */
    push(item: T): boolean;
    /**
     * Hands everything taken to `processor`, in order, in batches of at most `batchSize`, one at a time, and resolves with
     * all that it returned. Items pushed meanwhile are processed too. While paused it waits; it never returns early.
     *
     * If a batch fails, the promise is rejected with the very error `processor` threw, and the batch stays in front for
     * the next call; results of the batches before it are not returned again. A `processor` that returns anything but an
     * array is a `TypeError` and counts as failed. Calls that overlap run one after the other, so `processor` must not wait
     * for another `process()` of the same stream.
     */
    process<R>(processor: (batch: T[]) => Promise<R[]>): Promise<R[]>;
    /** Lets no further batch start. The one in flight goes on; items can still be pushed. */
    pause(): void;
    /** Ends a pause. */
    resume(): void;
    isPaused(): boolean;
    /**
     * Forgets all items and resets the statistics. A pause stays. The batch in flight still ends: its results belong to its
     * call of {@link process}, and should it fail, its items are gone.
     */
    clear(): void;
    getStats(): StreamStats;
}
/** Values of `'backpressure'` and `'memory-pressure'`. */
interface BackpressureEvent {
    /** Which bound was reached: `bufferSize` or `maxMemory`. */
    reason: 'buffer' | 'memory';
    itemsBuffered: number;
    bufferSize: number;
    memoryUsage: Bytes;
    maxMemory: Bytes;
}
/** Values of `'batch-complete'`. */
interface BatchCompleteEvent {
    /** Items of this batch. */
    batchSize: number;
    /** Items processed so far, this batch included. */
    itemsProcessed: number;
    itemsBuffered: number;
    /** Time this batch took. */
    duration: Milliseconds;
}

type Executor<TInput, TOutput> = (testCases: TestCase<TInput, TOutput>[]) => Promise<RunResult<TOutput>[]>;
/**
 * Runs any number of test cases in batches. It takes whatever it is given: beyond `bufferSize` or `maxMemory` test cases
 * wait in a temporary file, which nobody else can open and which vanishes with the process. None is dropped.
 *
 * ```ts
 * const processor = new BatchProcessor({ batchSize: 50 })
 * processor.addTestCases(dataset.testCases)
 * const results = await processor.processAll((batch) => Promise.all(batch.map((testCase) => run(testCase))))
 * ```
 *
 * A test case that waited on disk reaches the executor as its structured clone, taken when it went there: dates, maps,
 * sets, bigints, typed arrays and cycles come back equal. What a clone would change (functions, instances of classes)
 * stays in memory and comes back as the same object. The folder is the system's for temporary files (`TMPDIR`); if
 * writing there fails, test cases stay in memory and {@link spillError} says why.
 */
declare class BatchProcessor<TInput = any, TOutput = any> {
    constructor(config?: StreamConfig);
    /** Takes a test case. Always `true`; a `TypeError` where it is not an object. */
    addTestCase(testCase: TestCase<TInput, TOutput>): boolean;
    /** Takes test cases one by one. Where one is not an object, or the iteration fails, those before it are taken. */
    addTestCases(testCases: Iterable<TestCase<TInput, TOutput>>): void;
    /**
     * Hands all test cases to `executor`, in order, in batches of at most `batchSize`, one at a time, and resolves with the
     * results of this call, one per test case. Test cases added meanwhile are run too.
     *
     * If a batch fails, the promise is rejected with the very error `executor` threw. The batch stays in front and the next
     * call begins with it; results of the batches before it are in {@link getResults}. An `executor` that does not return
     * an array is a `TypeError`, one that returns fewer or more results than it was given test cases a
     * {@link PerformanceError} with code `ERR_RESULT_COUNT`; both count as failed. Test cases on disk that cannot be read
     * back are an `ERR_SPILL_READ`. Calls that overlap run one after the other, so `executor` must not wait for another
     * `processAll()` of the same processor.
     */
    processAll(executor: Executor<TInput, TOutput>): Promise<RunResult<TOutput>[]>;
    getStats(): StreamStats;
    /** The results so far, in order, as a new array: those of every call, also those before a batch that failed. */
    getResults(): RunResult<TOutput>[];
    /**
     * Why test cases beyond the bounds had to stay in memory: a {@link PerformanceError} with code `ERR_SPILL_WRITE` for the
     * last failure to write them to disk, `undefined` where there was none since `clear()`. None is lost by it.
     */
    get spillError(): PerformanceError | undefined;
    /**
     * Forgets test cases and results and resets the statistics. The batch in flight still ends: its results belong to its
     * call of {@link processAll}, and should it fail, its test cases are gone.
     */
    clear(): void;
}

type Writer<T> = (results: T[]) => Promise<void>;
/**
 * Gathers results and writes them in batches, each exactly once and in order, however its calls overlap.
 *
 * ```ts
 * const writer = new ResultWriter({ batchSize: 100 })
 * const insert = (rows: RunResult[]) => database.insert(rows)
 * for (const result of results) await writer.write(result, insert)
 * await writer.flush(insert)
 * ```
 *
 * Results that arrive faster than they are written wait in a temporary file beyond `bufferSize` or `maxMemory`, on the
 * terms that {@link BatchProcessor} describes.
 */
declare class ResultWriter<T = any> {
    constructor(config?: StreamConfig);
    /**
     * Takes a result, at once. Where `batchSize` of them wait then, it writes those that still do when its turn comes, and
     * resolves when that is done; otherwise it resolves at once.
     *
     * If `writer` fails, the call that was writing is rejected with that very error. The batch stays in front: the
     * next call that finds a full batch, or a flush, tries it again with its own `writer`. Calls that overlap write one
     * after the other, so `writer` must not wait for another call of the same ResultWriter.
     */
    write(result: T, writer: Writer<T>): Promise<void>;
    /** Takes several results, as {@link write} does one, and writes every full batch there is. */
    writeMany(results: T[], writer: Writer<T>): Promise<void>;
    /** Writes everything taken, in batches of at most `batchSize`. Does nothing where nothing waits. */
    flush(writer: Writer<T>): Promise<void>;
    /**
     * What was done since the start or the last `clear()`: results written, results still waiting (those being written
     * included), calls of a writer that succeeded, and calls that failed.
     */
    getStats(): {
        itemsWritten: number;
        itemsBuffered: number;
        flushes: number;
        errors: number;
    };
    /**
     * Why results beyond the bounds had to stay in memory: a {@link PerformanceError} with code `ERR_SPILL_WRITE` for the
     * last failure to write them to disk, `undefined` where there was none since `clear()`. None is lost by it.
     */
    get spillError(): PerformanceError | undefined;
    /** Drops the results that wait and resets the statistics. A write in flight still ends; its results are not kept. */
    clear(): void;
}

/** Where a run is recorded, and what its results depend on. */
interface JournalOptions {
    /** The path of a file. It is made if it is missing, and so are its folders. */
    path: string;
    /**
     * Anything that the results depend on besides the tasks, such as the version of a prompt: whatever a cache takes as a
     * key. A journal that was recorded with another one is refused.
     *
     * @default undefined
     */
    configuration?: unknown;
}

/**
 * What a provider says is left of its limits, as its headers do: for all who use them, in this process or elsewhere.
 * A reset is when the whole limit is there again: it counts for 60 seconds at the most, and where it is left out for
 * those 60 seconds.
 */
interface RateLimitObservation {
    /** Requests: a number ≥ 0. */
    remainingRequests?: number;
    /** A number ≥ 0. */
    requestsResetIn?: Milliseconds;
    /** Tokens in all: a number ≥ 0. */
    remainingTokens?: number;
    /** A number ≥ 0. */
    tokensResetIn?: Milliseconds;
    /** Tokens of questions: a number ≥ 0. */
    remainingInputTokens?: number;
    /** A number ≥ 0. */
    inputTokensResetIn?: Milliseconds;
    /** Tokens of answers: a number ≥ 0. */
    remainingOutputTokens?: number;
    /** A number ≥ 0. */
    outputTokensResetIn?: Milliseconds;
}

/**
 * The most that a request will use. Where `tokens` alone is known, all of them count towards a limit of input tokens and
 * one of output tokens too. Where nothing is known, a request is taken to use what the largest of the last ones of its
 * `key` did; before there is one, an equal share of the limit.
 */
interface PermitRequest {
    /** Tokens in all: a number ≥ 0. */
    tokens?: number;
    /** Tokens of the question: a number ≥ 0. */
    inputTokens?: number;
    /** The most tokens that the model may answer with: a number ≥ 0. */
    outputTokens?: number;
    /**
     * What kind of request it is: the model's name, say. With `guarantee: 'balanced'`, what requests really use is learned for
     * each kind. There should be tens of them; those beyond 4,096 count as requests without a `key`.
     */
    key?: string;
}
/** What a request really used. What is left out, and does not follow from the rest, stays as it was reserved. */
interface PermitUse {
    /** Tokens in all: a number ≥ 0. */
    tokens?: number;
    /** Tokens of the question: a number ≥ 0. */
    inputTokens?: number;
    /** Tokens of the answer: a number ≥ 0. */
    outputTokens?: number;
}

/**
 * The right to one request, from a {@link RateLimiter}. Settle it with what the request used, and release it when the
 * request has ended, whatever came of it; `using` releases it by itself.
 *
 * A permit that is never released keeps its place under `concurrency` until its worker thread ends, even if nothing
 * refers to it any more: when garbage is collected must not decide how many requests are under way.
 */
declare class Permit {
    private constructor();
    /**
     * Replaces what was reserved by what was used. What was reserved in excess is free at once; what was used above it
     * counts for the next 60 seconds. Settled again, the last counts. After the release it changes nothing.
     *
     * @throws TypeError, RangeError for a number of tokens that makes no sense
     */
    settle(actual: PermitUse): void;
    /** Gives the place back. The request keeps counting towards the limits a minute. A second time changes nothing. */
    release(): void;
    /** The same as {@link release}, for `using`. */
    [dispose](): void;
}

/** What a provider allows in any 60 seconds. */
interface RateLimit {
    /** The most tasks started in any 60 seconds: an integer ≥ 1, or `Infinity`. */
    requestsPerMinute: number;
    /** The most tokens of the tasks started in any 60 seconds: an integer ≥ 1, or `Infinity`. Left out: no limit. */
    tokensPerMinute?: number;
    /** The same for the tokens of the questions alone. */
    inputTokensPerMinute?: number;
    /** The same for the tokens of the answers alone. */
    outputTokensPerMinute?: number;
    /**
     * How many tasks may start at once before starts are spread over the minute: an integer ≥ 1. 1 spreads them evenly, for
     * providers that also count seconds.
     *
     * @default `requestsPerMinute`: starts are not spread
     */
    burst?: number;
    /**
     * What is reserved for a task whose most is known: always that (`strict`: token limits are never exceeded), or, once 30
     * tasks of a key have ended, 1.1 times what 95 in 100 of them stayed below, where that is less (`balanced`).
     *
     * @default 'balanced'
     */
    guarantee?: 'strict' | 'balanced';
}
/** What a task can wait for. */
type WaitReason = 'requests' | 'tokens' | 'input-tokens' | 'output-tokens' | 'concurrency' | 'provider';

interface RateLimiterOptions extends RateLimit {
    /**
     * The most permits held at a time: an integer ≥ 1, or `Infinity`.
     *
     * @default Infinity
     */
    concurrency?: number;
    /**
     * Whether a request that is larger than a whole limit of tokens may start when no other one's tokens count. If not, it
     * is an error.
     *
     * @default false
     */
    allowOversize?: boolean;
    /**
     * Makes this the limiter of that name for the whole process: whoever gives the same name, in whichever worker thread,
     * shares it. All have to give the same limits. It lasts as long as anybody uses it, and what it admitted counts for a
     * minute even if nobody does meanwhile.
     */
    name?: string;
}
/** Why there is no permit now. */
interface Refusal {
    /**
     * When it is worth asking again, if nothing else changes before: `Infinity` where a permit has to be released first.
     */
    waitTime: Milliseconds;
    /** What holds the request back longest: a limit by its name, or a pause that the provider asked for. */
    reason: WaitReason;
}
/** How much of the limits is used, by all who share them. */
interface RateLimiterState {
    /** Permits given in the last 60 seconds, and what others were seen to have used ({@link RateLimiter.observe}). */
    requests: number;
    /** Tokens that count now: reserved, used, or seen to be used by others. */
    tokens: number;
    /** Input tokens that count now. */
    inputTokens: number;
    /** Output tokens that count now. */
    outputTokens: number;
    /** Permits held. */
    inFlight: number;
    /** Calls of this object's `acquire` that wait. */
    waiting: number;
    /** How much of the fullest limit a minute is used. 0..1 */
    utilization: number;
}
/**
 * Keeps requests within the limits of a provider: requests and tokens in **any** 60 seconds, and those under way at a
 * time. One step decides about all of them: either each has room for a request, or none is touched.
 *
 * Those who `acquire` are served first come first served, also before any later `tryAcquire`. Where executors or worker
 * threads share a limiter, they take turns, so that none keeps another waiting longer than one turn. A thread that is too
 * busy to take its turn is passed until it comes.
 *
 * Time is `performance.now()`, and waits are timers of `setTimeout`, both looked up at each use, so that fake timers drive
 * them. A waiting `acquire` keeps the process alive; nothing else does. When a worker thread ends, whatever it held is free.
 *
 * @example
 * const limiter = new RateLimiter({ requestsPerMinute: 500, tokensPerMinute: 200_000, concurrency: 20 })
 *
 * const permit = await limiter.acquire({ inputTokens: 1_200, outputTokens: 500 })
 * try {
 *   await ask(question)
 *   permit.settle({ tokens: 1_371 }) // what it really used
 * } finally {
 *   permit.release()
 * }
 *
 * const answer = limiter.tryAcquire({ tokens: 199_000 })
 * if ('waitTime' in answer) console.error(`${answer.reason}: wait for ${answer.waitTime} ms`)
 * else answer.release()
 */
declare class RateLimiter {
    /**
     * @throws TypeError, RangeError for an option that makes no sense
     * @throws PerformanceError `ERR_LIMITER_NAME` where the process has a limiter of that `name` with other limits
     */
    constructor(options: RateLimiterOptions);
    /**
     * A permit where there is one now, else what holds it back and for how long. It never goes before those who wait.
     *
     * @throws TypeError, RangeError for a request that makes no sense
     * @throws PerformanceError `ERR_REQUEST_TOO_LARGE` where a whole minute has no room for it, unless `allowOversize`
     */
    tryAcquire(request?: PermitRequest): Permit | Refusal;
    /**
     * Waits for a permit. When `signal` aborts, it rejects with the signal's reason and gives its place in the line up.
     *
     * @throws TypeError, RangeError (as a rejection) for a request that makes no sense
     * @throws PerformanceError (as a rejection) `ERR_REQUEST_TOO_LARGE` where a whole minute has no room for it, unless
     * `allowOversize`
     */
    acquire(request?: PermitRequest & {
        signal?: AbortSignal;
    }): Promise<Permit>;
    /**
     * Gives no permit for so many milliseconds, to anybody: for a provider that asked for a pause. It never shortens an
     * earlier one.
     *
     * @throws TypeError, RangeError for anything but a finite number ≥ 0
     */
    block(milliseconds: Milliseconds): void;
    /**
     * Believes a provider that says what is left of its limits: what this limiter takes to be left is lowered to that, for
     * all who share it, and what is missing counts until the reset. It is never raised, `concurrency` is not touched, and
     * what there is no limit for is left alone. Who waits goes on waiting as long as is necessary.
     *
     * @throws TypeError, RangeError for a number that makes no sense, before anything is changed
     * @example
     * const limiter = new RateLimiter({ requestsPerMinute: 500 })
     * limiter.observe({ remainingRequests: 3, requestsResetIn: 20_000 }) // somebody else uses the same key
     * limiter.getState().requests // 497
     */
    observe(observation: RateLimitObservation): void;
    getState(): RateLimiterState;
    /**
     * Forgets the last 60 seconds and any pause, for all who share the limiter. Permits that are held still count towards
     * `concurrency`, and what was learned stays.
     */
    reset(): void;
}

interface WorkerConfig {
    /**
     * Kept for frameworks that set it, checked, and told to listeners of `'start'`. It bounds nothing: tasks are closures,
     * which run on the calling thread; `concurrency` is what bounds them.
     *
     * @default 4
     */
    maxWorkers?: number;
    /**
     * The most tasks in flight at a time, over all runs and keys of one executor.
     *
     * @default 10
     */
    concurrency?: number;
    /**
     * With `key`, each key has these limits for itself. Not heeded where there is a `limiter`.
     *
     * @default { requestsPerMinute: 60, tokensPerMinute: 150_000 }
     */
    rateLimit?: RateLimit;
    /**
     * Whether a task that failed is run again: where the failure is {@link EvalError.retryable}, after a wait, until it
     * has had `attempts` in all. `true` is `{}`. Each attempt asks the limits anew and counts towards them. While a task
     * waits for its next attempt it has no place; it goes before the tasks of its key that have not started. While as many
     * tasks of a key as `concurrency` wait in this way, no other task of that key starts.
     *
     * Left out, no task is run twice; `{ attempts: 1 }` switches an earlier setting off.
     */
    retry?: RetryOptions | true;
    /**
     * The longest that one attempt may take. Then its task goes on without it: the attempt's `signal` is aborted, its error
     * has a `DOMException` named `TimeoutError` as `cause`, which is retryable, and whatever it still answers is ignored.
     *
     * @default Infinity
     */
    timeout?: Milliseconds;
    /**
     * Stops every run of this executor, as {@link RunOptions.signal} does one. Taken by the constructor alone.
     */
    signal?: AbortSignal;
    /**
     * The most tokens that a task will use: in all, or of question and answer. Where it gives `undefined`, or leaves one
     * out, the usual rules apply. It is called once for each task. If it throws, or gives something else, that task fails
     * with this error and does not start.
     */
    estimateTokens?: (task: ExecutionTask) => number | TokenEstimate | undefined;
    /**
     * Finds out how much the provider takes: each key begins with one place, gets more while it uses those it has, up to
     * `concurrency`, and gives a fifth of them back when a rate limit (429) comes. Where 429s come although the minute has
     * room, starts are spread. Taken by the constructor alone.
     *
     * @default false
     */
    adaptive?: boolean;
    /**
     * The run fails with `ERR_TOO_MANY_ERRORS` when that many of its tasks have failed for good: an integer ≥ 1, or
     * `Infinity`.
     *
     * @default Infinity
     */
    maxErrors?: number;
    /**
     * Which limits a task is under: a provider's or a model's name, say. Keys take turns, and one that has to wait holds up
     * no other: up to 1,000 tasks (more where `bufferSize` is larger) are read ahead to find some of another key. What an
     * executor knows of a key it keeps, so there should be hundreds of them at most. If it throws, or gives no string, that
     * task fails with this error and does not start. Taken by the constructor alone.
     */
    key?: (task: ExecutionTask) => string;
    /**
     * Limits that others share: other executors and worker threads, or requests that no executor makes. Replaces
     * `rateLimit`. A function is called once for each key (`''` where there is no `key`); if it throws, each task of that
     * key fails with its error. Taken by the constructor alone.
     *
     * A task that needs more tokens than such a limiter allows in a minute fails with the limiter's error, and does not
     * start.
     */
    limiter?: RateLimiter | ((key: string) => RateLimiter);
    /**
     * A file in which every outcome is recorded before it is delivered, so that a run can be repeated after a crash: what
     * ended well comes from the file, everything else is run. One run at a time can use it. Taken by the constructor alone.
     */
    journal?: string | JournalOptions;
}
/** How often and when a task is run again. */
interface RetryOptions {
    /**
     * The most attempts in all: an integer ≥ 1.
     *
     * @default 6
     */
    attempts?: number;
    /**
     * The wait after the n-th attempt is a random part of `baseDelay` × 2ⁿ⁻¹ ("full jitter"). Where the error says how long
     * to wait (`Retry-After`, also where the clients of providers put it), that is waited, up to 120 seconds; after a 429
     * by every task of that key.
     *
     * @default 1_000
     */
    baseDelay?: Milliseconds;
    /**
     * The longest that such a random wait can be.
     *
     * @default 60_000
     */
    maxDelay?: Milliseconds;
}
/** Tokens that a task uses at most; what is left out is unknown. */
interface TokenEstimate {
    inputTokens?: number;
    outputTokens?: number;
}
/** What an executor function is told besides its task. */
interface TaskContext {
    /** Aborts when nobody waits for this attempt any more: the run was stopped, or the attempt took too long. */
    readonly signal: AbortSignal;
    /** 1 for the first attempt. */
    readonly attempt: number;
}
/** What is asked of a model for one task, each time that it is tried. */
type ExecutorFunction<TInput = any, TOutput = any> = (task: ExecutionTask<TInput, TOutput>, context: TaskContext) => Promise<RunResult<TOutput>>;
interface RunOptions {
    /**
     * Whether results come in the order of the tasks, or as they finish.
     *
     * @default true
     */
    ordered?: boolean;
    /**
     * The most tasks that were read and whose results were not taken yet: an integer ≥ 1, and in effect at least
     * `concurrency`. This is what bounds the memory of a run whose results nobody takes, or, in order, whose first task
     * never ends.
     *
     * @default 1_000
     */
    window?: number;
    /** Stops the run: it fails with `ERR_ABORTED`, whose `cause` is the signal's reason. */
    signal?: AbortSignal;
    /**
     * How many tasks are read ahead of their start; of those the highest `priority` starts first.
     *
     * @default 1
     */
    bufferSize?: number;
}
/** Something that `adaptive` did to a key, and what is in force since. `null`: not limited by what was learned. */
interface AdaptiveDecision {
    /** When: milliseconds since 1970. */
    at: Milliseconds;
    /** `undefined` where the executor has no `key`. */
    key: string | undefined;
    /** More tasks at a time, fewer, starts spread out, or everything that was learned forgotten. */
    action: 'grow' | 'cut' | 'burst' | 'reset';
    /** Why, in words. */
    reason: string;
    /** The most tasks in flight. */
    concurrency: number;
    /** The most starts at once. */
    burst: number | null;
    requestsPerMinute: number | null;
    tokensPerMinute: number | null;
}
/** One test case to run. Two tasks may have the same `id`. */
interface ExecutionTask<TInput = any, TOutput = any> {
    id: string;
    testCase: TestCase<TInput, TOutput>;
    /** For the executor function. A `maxTokens` (or `max_tokens`, `maxOutputTokens`, …) here bounds the task's estimate. */
    runnerConfig?: any;
    datasetId?: string;
    /**
     * Tasks with a higher priority start first; of equal ones, the earlier.
     *
     * @default 0
     */
    priority?: number;
}
/** How one task ended: with a `result` or with an `error`, never with both or neither. */
interface ExecutionResult<TOutput = any> {
    task: ExecutionTask;
    result?: RunResult<TOutput>;
    error?: EvalError;
    /**
     * From the start of the task to its end; of all its attempts together. Waiting for its turn, or for the next attempt, is
     * not counted. 0 where it did not start.
     */
    executionTime: Milliseconds;
}
/** Why a task has no result. */
interface EvalError {
    type: 'execution' | 'scoring' | 'system';
    severity: 'fatal' | 'error' | 'warning';
    message: string;
    testCaseId?: string;
    stack?: string;
    /**
     * Whether the same task may succeed when it is run again: timeouts, aborts, rate limits, network failures and the
     * HTTP statuses 408, 409, 425, 429 and 5xx, also where such a failure is the `cause` of what was thrown. An
     * `isRetryable` of the error, as the AI SDK has it, decides over everything else that it says; then a status does.
     */
    retryable: boolean;
    timestamp?: Date;
    /** What was thrown, untouched. */
    cause?: unknown;
}
/**
 * Where the time went. A busy period begins with a run on an idle executor and ends with its last run; runs that overlap
 * share it. The figures are those of the current period, up to now, or of the last one; 0 before the first.
 */
interface ExecutionMetrics {
    /** Length of the busy period. */
    totalExecutionTime: Milliseconds;
    /** Mean time from start to end of the tasks that have ended. */
    avgExecutionTime: Milliseconds;
    /** Mean number of tasks in flight ÷ the most at once: 1 where no place that was ever used stood empty. 0..1 */
    parallelEfficiency: number;
    /** Time during which a rate limit held the next task back. */
    throttleTime: Milliseconds;
    /** Mean number of tasks in flight ÷ `concurrency`. 0..1 */
    workerUtilization: number;
}
/** The same in more detail. */
interface DetailedExecutionMetrics extends ExecutionMetrics {
    /**
     * `throttleTime` by what was waited for: a limit of ours by its name, `concurrency` of a `limiter`, `provider` where an
     * answer asked for a pause. Keys that wait at the same time count once each.
     */
    waitTime: Record<WaitReason, Milliseconds>;
    /** How much of the fullest of all limits is used now. 0..1 */
    limitUtilization: number;
}

/** How far a run has come. */
interface ProgressEvent {
    /** Which of the executor's runs, from 1 on. */
    run: number;
    /** Tasks that have ended, with a result or an error. */
    completed: number;
    /** The same as `completed`. */
    done: number;
    /** Those of them that failed. */
    failed: number;
    inFlight: number;
    /** Tasks that were read and have not started, or wait for another attempt; of a list, all that are left. */
    waiting: number;
    /** How many there are, once that is known. */
    total: number | undefined;
    /** Ends a second, of late. */
    rate: number;
    /** Milliseconds until the last one ends, at that rate; `undefined` where `total` or the rate is not known. */
    eta: Milliseconds | undefined;
    /** How much of the fullest limit is used. 0..1 */
    limitUtilization: number;
}

/**
 * Runs tasks as fast as their limits allow, and never faster: at most `concurrency` at a time, and in **any** 60 seconds
 * at most `requestsPerMinute` starts and `tokensPerMinute` tokens. All runs of one executor share these limits and take
 * turns.
 *
 * ```ts
 * const executor = new ParallelExecutor({ concurrency: 20, rateLimit: { requestsPerMinute: 500 } })
 * const results = await executor.executeTasks(tasks, async (task) => ({ actual: await ask(task.testCase.input) }))
 * ```
 *
 * **Requests.** A task counts for the 60 seconds after its start. The next one starts as soon as a place is free and the
 * limits allow it: there are no batches to wait for.
 *
 * **Tokens.** A task counts for the same 60 seconds, from its start with the tokens it is expected to use, from its end
 * with those it did use.
 * - Expected are, where `runnerConfig` says `maxTokens`, that many and a quarter of the input's characters, or what
 *   `estimateTokens` says; with the default `guarantee`, only what nearly all tasks turned out to use, once that is known.
 *   Where no most is known: as many as the most expensive of the last 50 to 100 tasks used; before any task has ended,
 *   `tokensPerMinute / concurrency`, so that a first wave can start at once.
 * - Used are the `metadata.tokenUsage.total` of the result; where it says nothing, a quarter of the characters of input
 *   and `actual`. A task that failed may have been answered before: it counts as expected. Where its error tells that it
 *   was not answered (an HTTP status, no connection), or nothing was known to expect, it is a quarter of its input's.
 * - Whoever used less than expected makes room at once. Whoever used more makes the next ones wait: the limit holds
 *   where expectations are not too low.
 * - A task expected to use more than `tokensPerMinute` starts when no other task's tokens count.
 *
 * An input that is no text counts with its estimated bytes.
 *
 * **Time.** Waits use `setTimeout` and `performance.now()`, looked up at each use, so that fake timers drive them, also
 * those that fake `setTimeout` alone. A wait keeps the process alive; nothing else does, and nothing is left behind when
 * a run ends. A task that awaits another run of the same executor keeps its own place meanwhile; with `concurrency: 1`
 * that never ends.
 *
 * **Events**, each with one object. A listener that throws disturbs nothing; its error goes to `'error'` where somebody
 * listens to that.
 * - `'start'` `{ run, totalTasks?, concurrency, maxWorkers }` (`totalTasks` where it is known)
 * - `'taskStart'` `{ taskId, task, index }` before the first attempt
 * - `'taskComplete'` `{ taskId, task, index, result, executionTime }`; also `fromJournal: true` where the result was
 *   recorded by an earlier run and the task did not start
 * - `'taskError'` `{ taskId, task, index, error, executionTime }` where there is to be no other attempt
 * - `'retry'` `{ taskId, task, index, attempt, delay, error, key }` where there is: after which attempt, and how many
 *   milliseconds before the next
 * - `'progress'` {@link ProgressEvent} after a task has ended, at most ten times a second, and once more before the end if
 *   more have ended since
 * - `'throttle'` `{ run, reason, waitTime, limit, current, key, until, taskId, task }` once for each wait, however often
 *   the limits change meanwhile. `reason` is a {@link WaitReason}; `waitTime` in milliseconds, if no other task ends and
 *   nothing changes before, `until` the same as milliseconds since 1970; both `Infinity` for `concurrency`, which is that
 *   of a `limiter`. `key` is `undefined` without keys
 * - `'adapt'` {@link AdaptiveDecision}
 * - `'complete'` `{ run, totalTasks, failed, results, metrics }` before the run's promise resolves; `results` is empty for
 *   `run`, whose results are taken one by one. A run that fails has none
 * - `'end'` `{ run }` once for each `'start'`: after `'complete'`, and without it where the run fails or is stopped
 *
 * `run` says which of the executor's runs it is, from 1 on: runs may overlap.
 */
declare class ParallelExecutor extends EventEmitter {
    /**
     * Options left out or `undefined` take their defaults.
     *
     * @throws TypeError, RangeError for a setting that makes no sense, such as a limit of 0
     */
    constructor(config?: WorkerConfig);
    /**
     * Runs all tasks, those with the highest `priority` first. One result per task, in the order of `tasks`: a task whose
     * executor throws, rejects, or resolves to nothing has an `error` and disturbs no other.
     *
     * @throws TypeError, RangeError (as a rejection, before anything starts) for something that is no task
     * @throws {@link RunStoppedError} (as a rejection) where `signal` aborts or `maxErrors` is reached, with the results of
     * the tasks that had ended
     * @throws PerformanceError (as a rejection, before anything starts) for a journal that cannot be used, with its code
     */
    executeTasks<TInput = any, TOutput = any>(tasks: ExecutionTask<TInput, TOutput>[], executor: ExecutorFunction<TInput, TOutput>): Promise<ExecutionResult<TOutput>[]>;
    /**
     * The same for tasks that are read as they are needed: from a file, a database, a generator. One result per task, in
     * the order in which they were given.
     *
     * `bufferSize` is how many tasks are read ahead of their start; of those the highest `priority` starts first. Other
     * than in the stream classes it is 1 by default, so that nothing is read before it is needed; a source that is slow in
     * bursts wants more. `batchSize` and `maxMemory` are checked and have no effect: tasks start one by one, and no more
     * than `bufferSize` of them wait.
     *
     * @throws {@link SourceError} (as a rejection) where the source throws or gives something that is no task, once every
     * task given before has ended; they are in its `results`
     */
    executeTasksStreaming<TInput = any, TOutput = any>(tasks: Iterable<ExecutionTask<TInput, TOutput>> | AsyncIterable<ExecutionTask<TInput, TOutput>>, executor: ExecutorFunction<TInput, TOutput>, streamConfig?: StreamConfig): Promise<ExecutionResult<TOutput>[]>;
    /**
     * The same with the results one by one, in the order of the tasks or as they finish, and no more memory than `window`
     * of them take. Nothing begins before the first is asked for; then as many tasks are read and started as the limits and
     * `window` allow. Who stops taking them (`break`, `return()`) stops the run without an error: tasks in flight are given
     * up, their signals aborted, and the source is closed.
     *
     * ```ts
     * const executor = new ParallelExecutor()
     * const results = executor.run(tasks, async (task) => ({ actual: await ask(task.testCase.input) }), { ordered: false })
     * for await (const { task, result, error } of results) {
     *   console.log(task.id, result?.actual ?? error?.message)
     * }
     * ```
     *
     * Of an array, too, `bufferSize` tasks are read ahead, and the highest `priority` of those starts first.
     *
     * The iterator's `next()` rejects, once, with
     * - {@link SourceError} where the source fails, after the results of all tasks that it gave;
     * - {@link RunStoppedError} where `signal` aborts or `maxErrors` is reached, at once.
     *
     * @throws TypeError, RangeError for an argument that makes no sense
     */
    run<TInput = any, TOutput = any>(tasks: Iterable<ExecutionTask<TInput, TOutput>> | AsyncIterable<ExecutionTask<TInput, TOutput>>, executor: ExecutorFunction<TInput, TOutput>, options?: RunOptions): AsyncIterableIterator<ExecutionResult<TOutput>, undefined>;
    /**
     * Changes what is named and leaves the rest, at once: a wait that the new limits make shorter ends earlier. To lift a
     * limit, set it to `Infinity`. `signal`, `adaptive`, `key`, `limiter` and `journal` stay as they were constructed.
     *
     * @throws TypeError, RangeError for a setting that makes no sense, or cannot change; then nothing has changed
     */
    updateConfig(config: Partial<WorkerConfig>): void;
    /** What `adaptive` did, the oldest first: the last 1,000 decisions. Empty where it is off. */
    getAdaptiveLog(): AdaptiveDecision[];
    getMetrics(): DetailedExecutionMetrics;
    /**
     * The limits, the starts and the tokens that count towards them now, and when the window was last forgotten
     * (milliseconds since 1970; the time of construction where it never was). Starts and tokens are those of `key`, or of all
     * keys together; where there is a `limiter`, those of all who share it.
     */
    getRateLimiterState(key?: string): RateLimit & {
        currentRequests: number;
        currentTokens: number;
        lastReset: number;
    };
    /** Forgets the last 60 seconds, so that waits for a rate limit end. Tasks in flight still count as in flight. */
    resetRateLimiter(): void;
}

interface ProgressBarOptions {
    /**
     * Where it is drawn.
     *
     * @default process.stderr
     */
    stream?: NodeJS.WritableStream;
    /**
     * Whether nothing is drawn at all.
     *
     * @default whether the environment variable `CI` is set, to something other than `false` or `0`
     */
    quiet?: boolean;
    /** What stands in front of each line; shortened where the terminal is narrow. */
    label?: string;
}
interface ProgressBarHandle {
    /** Ends it: lines on the screen stay as they are, and the executor's events are no longer listened to. */
    stop(): void;
}
/**
 * Shows on a terminal how far the runs of an executor have come.
 *
 * ```ts
 * const bar = progressBar(executor)
 * const results = await executor.executeTasks(tasks, async (task) => ({ actual: await ask(task.testCase.input) }))
 * bar.stop()
 * ```
 *
 * On a terminal each run has one line, drawn again ten times a second, with as much as there is room for: done and all,
 * failures, what limit is waited for and how long, the time left, the rate. A run whose number of tasks is not known has
 * counts and no bar. The last state of a run stays on the screen.
 *
 *     ━━━━━━━━━━━━━━━━──── 8,012/10,000 80.1%, 3 failed, waiting 12 s for requests, 41 s left
 *
 * Elsewhere (a file, a pipe, `TERM=dumb`) it is a plain line now and then: after each tenth of the tasks, but no more
 * than one in five seconds, and at least one a minute; and a last one.
 *
 * It shows runs that begin later too, until `stop()`. Between runs there is no timer, during a run one that does not keep
 * the process alive. The cursor is never hidden and no signal listened to, so there is nothing to restore however the
 * process ends. What the program itself prints meanwhile is not written over.
 *
 * @throws TypeError for an executor without events, or options of the wrong type
 */
declare function progressBar(executor: ParallelExecutor, options?: ProgressBarOptions): ProgressBarHandle;

/**
 * Runs scoring tasks at most `maxWorkers` at a time, in the order they came.
 *
 * A task is a closure, and a closure runs on the calling thread: tasks overlap where they wait (for a model that judges,
 * for a file), but pure computation gets no faster by more workers. {@link scoreAll} scores pairs of texts or vectors on
 * threads, by scorers of its own.
 *
 * @example
 * const pool = new ScoringWorkerPool(4)
 * const scores = await Promise.all(answers.map((answer) => pool.execute(() => judge(answer))))
 */
declare class ScoringWorkerPool {
    /**
     * @param maxWorkers an integer ≥ 1; by default one less than the processors available, and at least 1
     */
    constructor(maxWorkers?: number);
    /**
     * Starts `task`, on the calling thread, once a worker is free, and passes on what it resolves to or throws, untouched.
     *
     * @throws TypeError (as a rejection) where `task` is no function
     */
    execute<T>(task: () => Promise<T>): Promise<T>;
    /** `utilization` is `activeWorkers / maxWorkers`. */
    getStats(): {
        maxWorkers: number;
        activeWorkers: number;
        queuedTasks: number;
        utilization: number;
    };
}

/** A scorer of texts; `scoreAll` says what each computes. */
type TextScorer = 'exact' | 'normalizedExact' | 'levenshtein' | 'tokenF1';
/** A scorer of vectors; `scoreAll` says what it computes. */
type VectorScorer = 'cosine';
/** What was expected, and what came. */
type TextPair = readonly [expected: string, actual: string];
/** An embedding: numbers of any kind. */
type Vector = readonly number[] | Float32Array | Float64Array;
/** Two vectors of the same length. */
type VectorPair = readonly [expected: Vector, actual: Vector];
interface ScoreOptions {
    /**
     * The most threads that score at the same time, beside the calling one: an integer ≥ 1. More than there are
     * processors count as many as there are.
     *
     * @default `os.availableParallelism()`, all processors
     */
    threads?: number;
    /** Rejects the promise with the signal's reason at once. Each thread ends when it has scored the pair it is at. */
    signal?: AbortSignal;
}

/**
 * Scores each pair `[expected, actual]` on threads of its own, while the calling thread stays free for others: its event
 * loop gets a turn after every 1,024 pairs. The result has the scores in the order of the pairs.
 *
 * | scorer | score of a pair |
 * | --- | --- |
 * | `exact` | 1 where `expected === actual`, else 0. The comparison takes less than handing the texts over, so a loop of your own is faster; it is here to be exchanged for the others. |
 * | `normalizedExact` | 1 where the texts agree but for case, Unicode composition and white space, else 0: where `text.toLowerCase().normalize('NFC').replace(/\s+/g, ' ').trim()` is the same for both. Punctuation counts, unlike in SQuAD's normalization: `-5` is not `5`, and `1.5` is not `15`. Nor are compatible characters the same: `x²` is not `x2`. |
 * | `levenshtein` | 1 − distance / length of the longer text, where the distance is the least number of code points to insert, delete or replace; 1 for two empty texts. Accents that combine are code points too, so normalize texts of mixed origin before. |
 * | `tokenF1` | 2 · common / (words of `expected` + words of `actual`), which is 2pr / (p + r) with precision p and recall r over words, from 0 to 1. A word counts as often as it stands on both sides. Words are what is left between white space of `text.toLowerCase().normalize('NFC').replace(/[\p{P}$+<=>^\`\|~]/gu, '')`, without the articles `a`, `an` and `the`. Two texts without words are the same: 1. After Rajpurkar et al. (2016), SQuAD, with the punctuation of all scripts as for MLQA (Lewis et al., 2020). Texts in scripts without spaces are one word: score them with `levenshtein`. |
 * | `cosine` | The cosine of the angle between two vectors, from −1 to 1, in double precision: a · b / (‖a‖ ‖b‖). 0 where a vector is empty or all zeros, as it has no direction; `NaN` where a number is not finite. |
 *
 * Texts are compared as JavaScript holds them: a lone surrogate is a character of its own, and equals only itself. Case,
 * composition and punctuation are those of the addon's version of Unicode.
 *
 * `levenshtein` takes time in proportion to the product of the lengths. A pair in progress is not interrupted by the
 * signal, though the promise is rejected at once.
 *
 * The number of pairs is taken when `scoreAll` is called. Pairs are read in order and once each, not long before they are
 * scored: what you change before that counts, what you change after does not. Texts and vectors are copied when read.
 *
 * @example
 * const scores = await scoreAll('tokenF1', [
 *   ['The capital is Paris.', 'paris is the capital'],
 *   ['42', 'The answer is 42.'],
 * ])
 * Array.from(scores) // [1, 0.5]
 *
 * @returns a promise of one score per pair. It is all that keeps the process alive.
 * @throws TypeError (as all errors here, as a rejection) for what is no pair of texts or of vectors; its message says
 * which, such as `pairs[17][1]`. No score is given then, not even of the pairs before.
 * @throws RangeError for vectors of different lengths, for an unknown scorer, and for two texts that together are longer
 * than the longest string (`buffer.constants.MAX_STRING_LENGTH`)
 */
declare function scoreAll(scorer: TextScorer, pairs: readonly TextPair[], options?: ScoreOptions): Promise<Float64Array>;
declare function scoreAll(scorer: VectorScorer, pairs: readonly VectorPair[], options?: ScoreOptions): Promise<Float64Array>;

/**
 * How instances of a class are stored.
 *
 * @typeParam T What is stored.
 * @typeParam Data What it is stored as: anything that can be stored itself, such as a string or a plain object.
 */
interface ValueCodec<T = any, Data = any> {
    /** Whether a value is one for this codec. Asked of every object that is neither plain nor an array. */
    is(value: unknown): boolean;
    /** What to store. Where it throws, the value is not stored. */
    encode(value: T): Data;
    /** The value again, from what `encode` gave. Where it throws, there is nothing stored. */
    decode(data: Data): T;
}
/**
 * Makes values of a class storable: caches with a store write them to disk, and `isolation` copies them. Nothing is
 * registered by default.
 *
 * The name stands with each value in the store, so every program that reads it registers the class under the same name;
 * where one has not, it finds nothing stored. A name registered again replaces the codec. Codecs are asked in the order in
 * which their names were first registered, and before values are taken for what the language makes of them: a codec can
 * claim the subclasses of `Error`, or every `Date`.
 *
 * @throws TypeError where the name is no string, or one of the three functions is none.
 * @throws RangeError where the name is empty or longer than 255 characters.
 * @example
 * registerCodec('Decimal', {
 *   is: (value) => Decimal.isDecimal(value),
 *   encode: (value) => value.toString(),
 *   decode: (text) => new Decimal(text),
 * })
 */
declare function registerCodec<T = any, Data = any>(name: string, codec: ValueCodec<T, Data>): void;

/**
 * A run that ended before its tasks did: code `ERR_ABORTED` (then its name is `AbortError` and `cause` the signal's
 * reason), `ERR_TOO_MANY_ERRORS`, or a code of the journal. What had ended, and was not taken from the run's iterator
 * before, is in `results`, in the order of the tasks. Tasks in flight were given up.
 */
declare class RunStoppedError extends PerformanceError {
    readonly results: ExecutionResult[];
    constructor(code: string, message: string, cause: unknown, results: ExecutionResult[]);
}

/**
 * Code `ERR_SOURCE`: the iterable that was to give the tasks failed. `cause` is its error; every task that it gave
 * before has been run, and its outcome is in `results`.
 */
declare class SourceError extends PerformanceError {
    readonly results: ExecutionResult[];
    constructor(cause: unknown, results: ExecutionResult[], given?: number);
}

export { BatchProcessor, Benchmark, BenchmarkSuite, CacheInvalidator, CacheManager, DatasetStream, EmbeddingCache, LRUCache, Measure, ParallelExecutor, PerformanceError, PerformanceMonitor, Permit, QueryCache, RateLimiter, ReplayMissError, ResponseCache, ResultWriter, RunStoppedError, ScoringWorkerPool, SourceError, Store, benchmarkCache, cacheManager, performanceMonitor, progressBar, registerCodec, scoreAll };
export type { AdaptiveDecision, BackpressureEvent, BatchCompleteEvent, BenchmarkComparison, BenchmarkConfig, BenchmarkResult, BenchmarkSuiteResult, Bottleneck, BottleneckThresholds, Bytes, CacheIsolation, CacheMode, CacheOptions, CacheStats, ComponentTiming, DegradedEvent, DetailedCacheStats, DetailedExecutionMetrics, EmbeddingCacheOptions, EmbeddingModelOptions, EntryOptions, EvalError, ExecutionMetrics, ExecutionResult, ExecutionTask, ExecutorFunction, Explanation, FetchOptions, GetOrSetManyOptions, GetOrSetOptions, InvalidatableCache, JournalOptions, KeyDifference, LifetimeSavings, Milliseconds, NearestEntry, PerformanceBaseline, PerformanceMeasurement, PerformanceRegression, PerformanceReport, PermitRequest, PermitUse, ProgressBarHandle, ProgressBarOptions, ProgressEvent, RateLimit, RateLimitObservation, RateLimiterOptions, RateLimiterState, Refusal, RegressionThresholds, RetryOptions, RunOptions, RunResult, SampleOptions, Savings, ScoreOptions, SetOptions, StoreOptions, StoreStats, StreamConfig, StreamStats, TaskContext, TestCase, TextPair, TextScorer, TokenEstimate, TokenUsage, UnstorableEvent, ValueCodec, Vector, VectorPair, VectorScorer, VerifyReport, WaitOptions, WaitReason, WorkerConfig };
