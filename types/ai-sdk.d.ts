// Generated from lib/ by `npm run build`: change the declarations there.

// @ts-ignore: may be a module, or not installed
import { LanguageModelMiddleware, EmbeddingModelMiddleware } from 'ai';
import { Milliseconds, ResponseCache, EmbeddingCache, WorkerConfig, RetryOptions } from '../index.js';

type GenerateCall = Parameters<NonNullable<LanguageModelMiddleware['wrapGenerate']>>[0];
type StreamCall = Parameters<NonNullable<LanguageModelMiddleware['wrapStream']>>[0];
type EmbedCall = Parameters<NonNullable<EmbeddingModelMiddleware['wrapEmbed']>>[0];
type LanguageModelResult = Awaited<ReturnType<GenerateCall['doGenerate']>>;
type LanguageModelStream = Awaited<ReturnType<StreamCall['doStream']>>;
type LanguageModelStreamPart = LanguageModelStream['stream'] extends ReadableStream<infer Part> ? Part : never;
type EmbeddingResult = Awaited<ReturnType<EmbedCall['doEmbed']>>;

/** What the cache does with one call. */
type CacheCallOptions = {
    /** The number of the answer that is meant, as in `SampleOptions`: an integer ≥ 0. Default: that of the middleware. */
    sample?: number;
    /** Time to live of the answer: a number > 0, `Infinity` for ever. Default: that of the middleware, or of its cache. */
    ttl?: Milliseconds;
    /**
     * Whether the call goes past the cache: the model is asked, and its answer is not stored.
     *
     * @default false
     */
    skip?: boolean;
};
/**
 * The `providerOptions` that tell {@link cacheMiddleware} or {@link embeddingMiddleware} what to do with one call. They
 * are no part of the key, and no model sees them. Without this function they can be written out, under the name
 * `ai-evals-performance`.
 *
 * @throws TypeError or RangeError for an option of the wrong type, without sense or of another name.
 * @example
 * import { generateText, wrapLanguageModel } from 'ai'
 *
 * const model = wrapLanguageModel({ model: languageModel, middleware: cacheMiddleware() })
 * const prompt = 'Name a prime number.'
 * const answers = await Promise.all(
 *   [0, 1, 2].map((sample) => generateText({ model, prompt, providerOptions: cacheOptions({ sample }) })),
 * )
 * answers.length // 3, each an entry of its own
 */
declare function cacheOptions(options: CacheCallOptions): {
    'ai-evals-performance': CacheCallOptions;
};

/** An answer as it is kept. */
interface LanguageModelAnswer {
    /** How it ended. */
    finishReason: LanguageModelResult['finishReason'];
    usage: LanguageModelResult['usage'];
    providerMetadata?: LanguageModelResult['providerMetadata'];
    /** What the model generated, where it was asked for all at once. */
    content?: LanguageModelResult['content'];
    /** The parts of the stream, where it was asked for one. */
    parts?: LanguageModelStreamPart[];
}
/** Where answers are kept, which they are, and how they are given out again. */
interface CacheMiddlewareOptions {
    /**
     * Holds the answers, with its own bounds, store, mode and isolation. Default: the `responseCache` of
     * {@link cacheManager}, whichever that is at the time of a call.
     */
    cache?: ResponseCache;
    /**
     * Tells apart what cannot be seen from outside. A model is known by its provider, its id and, if its class shows it, the
     * address at which it is asked; where it is asked with another account or through other middleware, give each a name.
     * A name also stands instead of the address: models of one name share answers, whichever way they are reached.
     */
    name?: string;
    /**
     * The number of the answer that is meant, where a call does not say so itself ({@link cacheOptions}): an integer ≥ 0.
     *
     * @default 0
     */
    sample?: number;
    /** Time to live of an answer: a number > 0, `Infinity` for ever. Default: that of the cache. */
    ttl?: Milliseconds;
    /** What an answer cost, in whatever currency: a number ≥ 0, or a function that finds it. Each hit saves it. */
    cost?: number | ((answer: LanguageModelAnswer) => number | undefined);
    /**
     * Whether an answer is kept; whoever waits for it gets it either way. Default: those that came to their end. Not kept
     * are answers that were refused or cut off, and streams with an error in them or without a reason for their end.
     */
    shouldStore?: (answer: LanguageModelAnswer) => boolean;
    /**
     * Names of headers that change from call to call and change nothing about the answer. Credentials, cookies, and headers
     * that name, date or trace single requests are known as such. All other headers of a call are part of its key.
     */
    ignoreHeaders?: string[];
    /** How long to wait for another thread or process that asks for the same: a number > 0. Default: ten minutes. */
    maxWait?: Milliseconds;
    /**
     * The wait before the first part of a stream that was kept, as in the SDK's `simulateReadableStream`: `null` is none.
     *
     * @default null
     */
    initialDelayInMs?: Milliseconds | null;
    /**
     * The wait before each other part, as in the SDK's `simulateReadableStream`: `null` is none.
     *
     * @default null
     */
    chunkDelayInMs?: Milliseconds | null;
}
/**
 * A cache in front of a language model, for `wrapLanguageModel`: what was asked before is answered from what is kept.
 *
 * The key is the whole call: prompt with images and files by their content, tools, output schema, every setting and
 * `providerOptions`, and the provider, id and address of the model. Texts that were generated and texts that were streamed
 * are kept apart. Equal calls at once are one request, in all threads and processes that share a store.
 *
 * A kept answer is what the model gave, with its usage, warnings and metadata, without the body of the request and the
 * body and headers of the response. It says `{ cached: true }` under `providerMetadata['ai-evals-performance']`. Each
 * caller has a copy of his own.
 *
 * A stream that nobody has kept is seen as it comes, also by those of this thread who ask for the same meanwhile, each from
 * its beginning, and kept when it ended well. It is read as fast as the model writes, whether anybody looks or not, and
 * cancelled when nobody is left who wants it.
 *
 * In a list of middleware, what stands before this sees kept answers too; what stands behind it, only the model's.
 *
 * @throws TypeError or RangeError for an option of the wrong type or without sense.
 * @example
 * import { generateText, wrapLanguageModel } from 'ai'
 *
 * const cache = new ResponseCache({ ttl: Infinity })
 * const model = wrapLanguageModel({ model: languageModel, middleware: cacheMiddleware({ cache }) })
 * const prompt = 'What is 6 × 7?'
 * const first = await generateText({ model, prompt, temperature: 0 })
 * const second = await generateText({ model, prompt, temperature: 0 })
 * second.text === first.text // true
 * second.providerMetadata?.['ai-evals-performance'] // { cached: true }
 */
declare function cacheMiddleware(options?: CacheMiddlewareOptions): LanguageModelMiddleware;

/** Where embeddings are kept, and which they are. */
interface EmbeddingMiddlewareOptions {
    /**
     * Holds the embeddings, with its own bounds, store, mode and isolation; several models can share one. Default: the
     * `embeddingCache` of {@link cacheManager}, whichever that is at the time of a call.
     */
    cache?: EmbeddingCache;
    /** As in {@link CacheMiddlewareOptions}. */
    name?: string;
    /**
     * The number of the embedding that is meant, where a call does not say so itself ({@link cacheOptions}): an integer ≥ 0.
     *
     * @default 0
     */
    sample?: number;
    /** Time to live of an embedding: a number > 0, `Infinity` for ever. Default: that of the cache. */
    ttl?: Milliseconds;
    /** What one request cost, in whatever currency: a number ≥ 0, or a function that finds it in the model's result. */
    cost?: number | ((result: EmbeddingResult) => number | undefined);
    /** As in {@link CacheMiddlewareOptions}. */
    ignoreHeaders?: string[];
    /** How long to wait for another thread or process that asks for the same: a number > 0. Default: ten minutes. */
    maxWait?: Milliseconds;
}
/**
 * A cache in front of an embedding model, for `wrapEmbeddingModel`: of the values that are embedded, together or one by
 * one, the model is asked only for those that it was never asked for, all of them at once and each once.
 *
 * An embedding is kept under its text, the provider, id and address of the model, and the `providerOptions`, dimensions
 * and headers of the call. `usage` is what the call really used, so 0 tokens where every value was there; then the result says
 * `{ cached: true }` under `providerMetadata['ai-evals-performance']`. The other metadata are those of the request that
 * was made, if there was one. `embedMany` splits its values as the model wants them, and each part is a call. A call of
 * several values whose `providerOptions` say something of each goes past the cache.
 *
 * @throws TypeError or RangeError for an option of the wrong type or without sense.
 * @example
 * import { embed, embedMany, wrapEmbeddingModel } from 'ai'
 *
 * const model = wrapEmbeddingModel({ model: embeddingModel, middleware: embeddingMiddleware() })
 * const { embedding } = await embed({ model, value: 'eligibility' })
 * const { embeddings, usage } = await embedMany({ model, values: ['transfer', 'eligibility'] })
 * embeddings[1]?.join() === embedding.join() // true, and the model was asked for 'transfer' only
 */
declare function embeddingMiddleware(options?: EmbeddingMiddlewareOptions): EmbeddingModelMiddleware;

/** What to give to an executor, and what to each call of the SDK in its tasks. */
interface ExecutorOptions {
    executor: Required<Pick<WorkerConfig, 'retry'>>;
    call: {
        maxRetries: 0;
    };
}
/**
 * What to set so that retries do not multiply: the SDK tries each call three times by itself, unseen by the rate limits of
 * a `ParallelExecutor`, and the executor each task as often as it is told. With these the executor alone tries again. It
 * waits as long as the provider asks for, and leaves what the SDK knows to be final.
 *
 * Pass the attempt's `signal` on as `abortSignal`, so that a run that is stopped stops its calls.
 *
 * @param retry as {@link WorkerConfig.retry}: six attempts by default.
 * @throws TypeError or RangeError for an option of the wrong type or without sense.
 * @example
 * import { generateText } from 'ai'
 *
 * const { executor: settings, call } = executorOptions({ attempts: 4 })
 * const executor = new ParallelExecutor({ ...settings, concurrency: 20 })
 * const results = await executor.executeTasks(tasks, async (task, { signal }) => {
 *   const { text, usage } = await generateText({
 *     ...call,
 *     model: languageModel,
 *     prompt: task.testCase.input,
 *     abortSignal: signal,
 *   })
 *   return { actual: text, metadata: { tokenUsage: usage } }
 * })
 * results.every(({ error }) => error === undefined) // true
 */
declare function executorOptions(retry?: RetryOptions): ExecutorOptions;

export { cacheMiddleware, cacheOptions, embeddingMiddleware, executorOptions };
export type { CacheCallOptions, CacheMiddlewareOptions, EmbeddingMiddlewareOptions, ExecutorOptions, LanguageModelAnswer };
