import { checkFunction, checkOptions, checkString, integerOption, positiveOption, wrongType } from '../arguments.ts'
import { type Milliseconds, type RateLimiter, ResponseCache, type TokenUsage } from '../index.ts'
import { ignoredHeadersOf } from '../key/headers.ts'
import { read } from '../values/read.ts'

/** How the answers of a client are cached, and its requests limited. */
export interface CachedOptions {
  /**
   * Where answers are kept. Several clients can share one: their answers do not mix. One of `mode: 'off'` keeps nothing,
   * where only the limiter is wanted. Each embedding is an entry of its own: `maxSize` should have room for them.
   *
   * @default a `ResponseCache` of its own
   */
  cache?: ResponseCache
  /**
   * Admits each real request, under the model's name as its `key`: the tokens of the question are estimated from its
   * text, those of the answer from the most that the request allows; both are settled by the answer's `usage`. What the
   * provider's headers say is left lowers what the limiter believes, and a `Retry-After` stops it for that long. Answers
   * from the cache need no permit. An executor that runs the calls should have no limiter of its own.
   */
  limiter?: RateLimiter
  /** Time to live of the answers: a number > 0, `Infinity` for ever. Default: that of the cache. */
  ttl?: Milliseconds
  /**
   * Which of several answers to the same request is meant, where a call does not say so itself with {@link sample}.
   *
   * @default 0
   */
  sample?: number
  /**
   * Stands for the provider in the keys, instead of the base URL and the organisation: clients of one name share answers,
   * whichever way they reach the model, and clients of two names do not, though they use the same gateway.
   */
  name?: string
  /**
   * Properties of requests that make no difference: two requests that differ only in these share an answer.
   *
   * @default those that say for whom a request is and how the provider's own cache works, where the answer does not repeat
   * them: `user`, `safety_identifier`, `prompt_cache_key` and `prompt_cache_retention` of OpenAI's chat completions, `user`
   * of its embeddings, `metadata` of Anthropic's messages
   */
  ignore?: readonly string[]
  /**
   * Names of headers that change from call to call and change nothing about the answer. Credentials, cookies, and headers
   * that name, date or trace single requests are known as such. All others are part of the key: gateways choose models by
   * them.
   */
  ignoreHeaders?: string[]
  /** What an answer cost, in whatever currency: what each hit on it saves. */
  cost?: (usage: TokenUsage, model: string) => number | undefined
  /** The most tokens that a request will use, for the limiter: where the estimate from its text is not good enough. */
  estimateTokens?: (body: Record<string, unknown>) => { inputTokens?: number; outputTokens?: number }
}

/** The same, checked. */
export interface Settings extends CachedOptions {
  readonly cache: ResponseCache
  readonly sample: number
  /** In small letters. */
  readonly ignoredHeaders: ReadonlySet<string>
}

export function settingsOf(options: CachedOptions | undefined): Settings {
  checkOptions('options', options)
  const { cache = new ResponseCache(), limiter, ttl, sample, name, ignore, cost, estimateTokens } = options ?? {}
  checkMethods('cache', cache, 'a ResponseCache', ['getOrSet', 'getOrSetMany'])
  if (limiter !== undefined) checkMethods('limiter', limiter, 'a RateLimiter', ['acquire', 'block', 'observe'])
  positiveOption('ttl', ttl, 1)
  if (name !== undefined) checkString('name', name)
  if (ignore !== undefined) {
    if (!Array.isArray(ignore)) throw wrongType('ignore', 'an array of strings', ignore)
    for (const [index, property] of ignore.entries()) checkString(`ignore[${index}]`, property)
  }
  if (cost !== undefined) checkFunction('cost', cost)
  if (estimateTokens !== undefined) checkFunction('estimateTokens', estimateTokens)
  const ignoredHeaders = ignoredHeadersOf(options?.ignoreHeaders)
  return { ...options, cache, sample: integerOption('sample', sample, 0, 0), ignoredHeaders }
}

function checkMethods(name: string, value: unknown, expected: string, methods: readonly string[]): void {
  if (methods.some((method) => typeof read(value, method) !== 'function')) throw wrongType(name, expected, value)
}
