// Generated from lib/ by `npm run build`: change the declarations there.

import { ResponseCache, RateLimiter, Milliseconds, TokenUsage } from '../index.js';

/** How the answers of a client are cached, and its requests limited. */
interface CachedOptions {
    /**
     * Where answers are kept. Several clients can share one: their answers do not mix. One of `mode: 'off'` keeps nothing,
     * where only the limiter is wanted. Each embedding is an entry of its own: `maxSize` should have room for them.
     *
     * @default a `ResponseCache` of its own
     */
    cache?: ResponseCache;
    /**
     * Admits each real request, under the model's name as its `key`: the tokens of the question are estimated from its
     * text, those of the answer from the most that the request allows; both are settled by the answer's `usage`. What the
     * provider's headers say is left lowers what the limiter believes, and a `Retry-After` stops it for that long. Answers
     * from the cache need no permit. An executor that runs the calls should have no limiter of its own.
     */
    limiter?: RateLimiter;
    /** Time to live of the answers: a number > 0, `Infinity` for ever. Default: that of the cache. */
    ttl?: Milliseconds;
    /**
     * Which of several answers to the same request is meant, where a call does not say so itself with {@link sample}.
     *
     * @default 0
     */
    sample?: number;
    /**
     * Stands for the provider in the keys, instead of the base URL and the organisation: clients of one name share answers,
     * whichever way they reach the model, and clients of two names do not, though they use the same gateway.
     */
    name?: string;
    /**
     * Properties of requests that make no difference: two requests that differ only in these share an answer.
     *
     * @default those that say for whom a request is and how the provider's own cache works, where the answer does not repeat
     * them: `user`, `safety_identifier`, `prompt_cache_key` and `prompt_cache_retention` of OpenAI's chat completions, `user`
     * of its embeddings, `metadata` of Anthropic's messages
     */
    ignore?: readonly string[];
    /**
     * Names of headers that change from call to call and change nothing about the answer. Credentials, cookies, and headers
     * that name, date or trace single requests are known as such. All others are part of the key: gateways choose models by
     * them.
     */
    ignoreHeaders?: string[];
    /** What an answer cost, in whatever currency: what each hit on it saves. */
    cost?: (usage: TokenUsage, model: string) => number | undefined;
    /** The most tokens that a request will use, for the limiter: where the estimate from its text is not good enough. */
    estimateTokens?: (body: Record<string, unknown>) => {
        inputTokens?: number;
        outputTokens?: number;
    };
}

/**
 * Whether no request was made for this answer: it was there, or another call was asking for it already. Takes what
 * `create` gave, a stream or a raw `Response`. Of helpers that make a new object of the answer, such as
 * `chat.completions.parse`, the response knows: `withResponse()` gives it.
 */
declare function isCached(answer: unknown): boolean;

/**
 * Asks for the `number`-th answer to a request, an integer ≥ 0: each is asked for once, and kept on its own. These are
 * headers for the options of a call, which are not sent: `create(body, { headers: sample(2) })`.
 *
 * @throws TypeError, RangeError for anything but an integer ≥ 0
 */
declare function sample(number: number): Record<string, string>;

/** A client of the `@anthropic-ai/sdk` package: `Anthropic` or a class made of it. */
interface AnthropicClient {
    baseURL: string;
    maxRetries: number;
    messages: object;
    withOptions(options: any): object;
}
/**
 * A client like `client`, of its class and with its settings, whose `messages` go through a cache, streamed or not, also by
 * `messages.stream` and `messages.parse`. Everything else it does as ever, and `client` itself is left as it is.
 *
 * Two requests are the same if they have the same body, whatever the order of its properties, save what `ignore` names,
 * and go to the same URL with the same headers, save credentials and those that name or trace single requests; a request
 * of `stream: true` is another than one without. A request that was made before is answered from the cache, byte for byte,
 * and one that is being made is waited for. An answer that was refused, cut off or ended by an error is given to those who
 * wait for it, and not kept.
 *
 * A stream is given on as it comes, to all who ask for it meanwhile. It is kept when it ended well, and goes on as long as
 * anybody reads it; from the cache the same events come.
 *
 * Retries of the client are off (`maxRetries: 0`), unless a call or `withOptions` asks for them: each would be a request
 * that an executor or limiter does not know of. `new ParallelExecutor({ retry: true, … })` retries what is worth it, after
 * the time that the provider asks for. `timeout` is that of the request itself, not of the wait for a permit before it.
 *
 * @throws TypeError or RangeError for an option of the wrong type or without sense.
 * @example
 * import Anthropic from '@anthropic-ai/sdk'
 *
 * const anthropic = cached(new Anthropic({ apiKey: 'any', fetch: provider }))
 * const question = {
 *   model: 'claude-sonnet-5',
 *   max_tokens: 1_000,
 *   messages: [{ role: 'user' as const, content: 'What is 2 plus 3?' }],
 * }
 *
 * await anthropic.messages.create(question)
 * const again = await anthropic.messages.create(question) // no request: the same answer
 * isCached(again) // true
 */
declare function cached<Client extends AnthropicClient>(client: Client, options?: CachedOptions): Client;

export { cached, isCached, sample };
export type { AnthropicClient, CachedOptions };
