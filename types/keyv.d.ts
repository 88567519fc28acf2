// Generated from lib/ by `npm run build`: change the declarations there.

import { EventEmitter } from 'node:events';
import { Store } from '../index.js';

/** What `await using` calls. */
declare const asyncDispose: typeof Symbol.asyncDispose;

/** A time or duration in milliseconds: fractional, never rounded to whole ones. */
type Milliseconds = number;

/** Where a {@link KeyvStore} keeps its entries. */
interface KeyvStoreOptions {
    /**
     * The folder on disk, which is made if need be, or a `Store` that is open: the same one that caches use, if you like. A
     * folder is closed by `disconnect()`, a store by whoever opened it.
     */
    store: string | Store;
    /**
     * Entries of another name are other entries. This is apart from the namespaces of keyv, any number of which can be kept
     * in one.
     *
     * @default 'keyv'
     */
    namespace?: string;
}
/** What `setMany` stores. */
interface KeyvStoreEntry {
    key: string;
    value: any;
    /** From now on; without one, or with 0, it does not expire. */
    ttl?: Milliseconds;
}
/**
 * A storage adapter for [keyv](https://keyv.org), version 5 or 6: what takes a keyv keeps its entries on disk, for later
 * runs and for other threads and processes of the machine.
 *
 * What was set is found at once in this process. It is written in the background, and by the time that `store.flush()`
 * resolves other processes find it too. An entry expires as keyv says, by `Date.now()`, and is then removed from disk.
 * Where the store is bounded, the entries used longest ago leave first.
 *
 * Nothing that happens to the disk or the files makes a call fail: what cannot be read is a miss, what cannot be written
 * is dropped, and the store tells of it in its statistics and by `'degraded'`. keyv's own `'error'` is not used for that,
 * because one that nobody listens to is thrown.
 *
 * Give each keyv an adapter of its own, any number of which can be on one folder: keyv 5 tells an adapter of the last
 * namespace only, and one that is shared would clear that for another. It takes `ns:key` in the namespace `ns` for `key`,
 * too.
 *
 * Values that keyv does not serialize (`serialize: undefined`, in version 6 `serialization: false`) come back as what they
 * were: bigint, Date, Map, Set, typed arrays, errors and classes with a registered codec included. `set` resolves to
 * `false` for a value that cannot be stored, such as a function.
 *
 * @example
 * import { Keyv } from 'keyv'
 *
 * const disk = new KeyvStore({ store: '.cache/evals' })
 * const keyv = new Keyv({ store: disk, namespace: 'judgements', ttl: 86_400_000 })
 * await keyv.set('row 1', { score: 0.9 })
 * await keyv.get('row 1') // { score: 0.9 }
 * await disk.store.flush() // on disk now, for the next run
 * await keyv.disconnect()
 */
declare class KeyvStore extends EventEmitter {
    /** The open store: its `flush()`, `stats()` and `'degraded'`. */
    readonly store: Store;
    /** What keyv 5 knows the adapter by: it iterates only over those whose dialect it has heard of. */
    readonly opts: Record<string, unknown>;
    /** Set by keyv 5: whose entries `clear()` removes. */
    namespace: string | undefined;
    /** @throws TypeError or RangeError for an option of the wrong type or without sense. */
    constructor(options: KeyvStoreOptions);
    /** The live value of a key. */
    get<Value>(key: string): Promise<Value | undefined>;
    /** The live values of keys, in their order. */
    getMany<Value>(keys: string[]): Promise<(Value | undefined)[]>;
    /**
     * Stores a value, in place of what the key had. Without a `ttl`, or with 0, it does not expire.
     *
     * @returns Whether it can be stored.
     */
    set(key: string, value: unknown, ttl?: Milliseconds): Promise<boolean>;
    /** Stores several; resolves to a `boolean[]`, one for each. The type is that of both versions of keyv. */
    setMany(entries: KeyvStoreEntry[]): Promise<any>;
    /** Removes the entry of a key; whether there was one. */
    delete(key: string): Promise<boolean>;
    /** Whether a key has a live entry. */
    has(key: string): Promise<boolean>;
    /** The same for several; one boolean for each. */
    hasMany(keys: string[]): Promise<boolean[]>;
    /**
     * Removes the entries of keyv's namespace; without one, all that this adapter can have. It lets other work go on
     * meanwhile, and what that sets here stays.
     */
    clear(): Promise<void>;
    /**
     * The live entries, keys and values, of a namespace of keyv or all, in no order. They are read some at a time, so their
     * number does not matter; those that are set or deleted meanwhile may or may not be among them.
     */
    iterator<Value>(namespace?: string): AsyncGenerator<[key: string, value: Awaited<Value>], void>;
    /** Writes what is still to be written and gives the folder back; leaves a store alone that was open before. */
    disconnect(): Promise<void>;
    /** The same as {@link disconnect}, for `await using`. */
    [asyncDispose](): Promise<void>;
}

export { KeyvStore };
export type { KeyvStoreEntry, KeyvStoreOptions };
