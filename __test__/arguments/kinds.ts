// What an argument may be, and the arguments that several functions take alike.

import type * as api from '@aah/ai-evals-performance'

type Refused = [value: unknown, shown: string]

export const NUMBER: Refused = [7, '7']
export const STRING: Refused = ['x', '"x"']
export const ABSENT: Refused = [undefined, 'undefined']
export const ARRAY: Refused = [[], 'an array']
export const OBJECT: Refused = [{}, 'an object']
const FUNCTION: Refused = [() => {}, 'a function']
export const ANY: Refused[] = [
  NUMBER,
  STRING,
  ABSENT,
  ARRAY,
  OBJECT,
  FUNCTION,
  [null, 'null'],
  [true, 'true'],
  [5n, '5n'],
  [Symbol('s'), 'a symbol'],
]

/** What an argument may be: how an error calls it, and what is refused for its type and for its value. */
interface Kind {
  expected: string
  types: Refused[]
  values?: Refused[]
}

export function kind(expected: string, accepted: Refused[], values: Refused[] = []): Kind {
  return { expected, types: ANY.filter((one) => !accepted.includes(one)), values }
}

const notANumber: Refused[] = [
  [Number.NaN, 'NaN'],
  [0, '0'],
  [-1, '-1'],
  [Number.NEGATIVE_INFINITY, '-Infinity'],
]
const notWhole: Refused[] = [...notANumber, [1.5, '1.5'], [2 ** 53, '9007199254740992']]

export const string = kind('a string', [STRING])
export const optionalString = kind('a string', [STRING, ABSENT])
export const optionalBoolean: Kind = kind('a boolean', [ABSENT, ANY[7] as Refused])
export const fn = kind('a function', [FUNCTION])
const optionalFn = kind('a function', [FUNCTION, ABSENT])
export const signal = kind('an AbortSignal', [ABSENT])
export const object = kind('an object', [OBJECT])
export const optionalObject = kind('an object', [OBJECT, ABSENT])
export const count = kind('an integer ≥ 1', [NUMBER, ABSENT], [...notWhole, [Number.POSITIVE_INFINITY, 'Infinity']])
const countFrom0 = kind(
  'an integer ≥ 0',
  [NUMBER, ABSENT],
  [
    [-1, '-1'],
    [0.5, '0.5'],
    [Number.NaN, 'NaN'],
  ],
)
const delay = kind(
  'a number from 0 to 2147483647',
  [NUMBER, ABSENT],
  [
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    [2 ** 31, '2147483648'],
  ],
)
const positive = kind('a number > 0', [NUMBER, ABSENT], notANumber)
export const limit = kind('an integer ≥ 1 or Infinity', [NUMBER, ABSENT], notWhole)
const modes = 'one of live, record, replay, readonly, refresh, off'
const mode = kind(modes, [STRING, ABSENT], [['reply', '"reply"']])
export const scorers = 'one of exact, normalizedExact, levenshtein, tokenF1, cosine'
export const vectors = 'an array of numbers, a Float32Array or a Float64Array'
const isolation = kind('one of reference, copy, frozen', [STRING, ABSENT], [['deep', '"deep"']])
export const of = (expected: string, ...accepted: Refused[]) => kind(expected, accepted)
export const result = of('a benchmark result', OBJECT)

type Call = (value: any) => unknown
export type Argument = [name: string, kind: Kind, call: Call]

const good = { name: 'x' }
export const run = async () => 1
export const task = { id: 'a', testCase: { id: 'a', input: 1, expected: 1 } }
export const measured = { avgDuration: 1 } as api.BenchmarkResult

export const sample = (use: (options: any) => unknown): Argument[] => [
  ['options', optionalObject, use],
  ['sample', countFrom0, (sample) => use({ sample })],
]
export const amount = (expected: string, ...accepted: Refused[]): Kind => ({
  ...kind(expected, [NUMBER, ABSENT, ...accepted]),
  values: [
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
  ],
})
export const resetName = (kind: string) => `${kind[0]?.toLowerCase()}${kind.slice(1)}ResetIn`
export const storeOptions = (use: (options: any) => unknown): Argument[] => [
  ['options', optionalObject, use],
  ['ttl', positive, (ttl) => use({ ttl })],
  ['usage', optionalObject, (usage) => use({ usage })],
  ['usage.totalTokens', amount('a number ≥ 0'), (totalTokens) => use({ usage: { totalTokens } })],
  ['cost', amount('a number ≥ 0'), (cost) => use({ cost })],
]
export const waitOptions = (use: (options: any) => unknown): Argument[] => [
  ['options', optionalObject, use],
  ['ttl', positive, (ttl) => use({ ttl })],
  ['signal', of('an AbortSignal', ABSENT), (signal) => use({ signal })],
  ['maxWait', positive, (maxWait) => use({ maxWait })],
]
export const fetchOptions = (use: (options: any) => unknown): Argument[] => [
  ...waitOptions(use),
  ['usage', of('an object or a function', OBJECT, ABSENT, FUNCTION), (usage) => use({ usage })],
  ['cost', amount('a number ≥ 0 or a function', FUNCTION), (cost) => use({ cost })],
  ['shouldStore', of('a function', FUNCTION, ABSENT), (shouldStore) => use({ shouldStore })],
]
export const cacheOptions = (make: (options: any) => unknown): Argument[] => [
  ['options', optionalObject, make],
  ['maxSize', count, (maxSize) => make({ maxSize })],
  ['ttl', positive, (ttl) => make({ ttl })],
  ['mode', mode, (mode) => make({ mode })],
  ['isolation', isolation, (isolation) => make({ isolation })],
  ['store', of('the path of a folder or a Store', STRING, ABSENT), (store) => make({ store })],
  ['store', kind('the path of a folder', ANY, [['', '""']]), (store) => make({ store })],
  ['namespace', optionalString, (namespace) => make({ namespace })],
  [
    'namespace',
    kind('a name of whole characters', ANY, [
      ['', '""'],
      ['a\ud800', '"a\\ud800"'],
    ]),
    (namespace) => make({ namespace }),
  ],
  ['maxMemory', limit, (maxMemory) => make({ maxMemory })],
]
export const streamConfig = (make: (config: any) => unknown): Argument[] => [
  ['config', optionalObject, make],
  ['batchSize', count, (batchSize) => make({ batchSize })],
  ['maxMemory', count, (maxMemory) => make({ maxMemory })],
  ['bufferSize', count, (bufferSize) => make({ bufferSize })],
]
export const workerConfig = (use: (config: any) => unknown): Argument[] => [
  ['config', optionalObject, use],
  ['maxWorkers', count, (maxWorkers) => use({ maxWorkers })],
  ['concurrency', count, (concurrency) => use({ concurrency })],
  ['rateLimit', optionalObject, (rateLimit) => use({ rateLimit })],
  ['rateLimit.requestsPerMinute', limit, (requestsPerMinute) => use({ rateLimit: { requestsPerMinute } })],
  ['rateLimit.tokensPerMinute', limit, (tokensPerMinute) => use({ rateLimit: { tokensPerMinute } })],
  ['rateLimit.inputTokensPerMinute', limit, (inputTokensPerMinute) => use({ rateLimit: { inputTokensPerMinute } })],
  ['rateLimit.outputTokensPerMinute', limit, (outputTokensPerMinute) => use({ rateLimit: { outputTokensPerMinute } })],
  ['rateLimit.burst', limit, (burst) => use({ rateLimit: { burst } })],
  [
    'rateLimit.guarantee',
    kind('one of strict, balanced', [STRING, ABSENT], [STRING]),
    (guarantee) => use({ rateLimit: { guarantee } }),
  ],
  ['retry', kind('an object or true', [OBJECT, ABSENT, ANY[7] as Refused]), (retry) => use({ retry })],
  ['retry.attempts', count, (attempts) => use({ retry: { attempts } })],
  ['retry.baseDelay', delay, (baseDelay) => use({ retry: { baseDelay } })],
  ['retry.maxDelay', delay, (maxDelay) => use({ retry: { maxDelay } })],
  ['timeout', positive, (timeout) => use({ timeout })],
  ['estimateTokens', optionalFn, (estimateTokens) => use({ estimateTokens })],
  ['maxErrors', limit, (maxErrors) => use({ maxErrors })],
]
/** What only the constructor takes. */
export const fixedConfig = (use: (config: any) => unknown): Argument[] => [
  ['signal', signal, (signal) => use({ signal })],
  ['adaptive', optionalBoolean, (adaptive) => use({ adaptive })],
  ['key', optionalFn, (key) => use({ key })],
  ['limiter', kind('a RateLimiter or a function', [FUNCTION, ABSENT]), (limiter) => use({ limiter })],
  ['journal', kind('the path of a file or an object', [STRING, OBJECT, ABSENT]), (journal) => use({ journal })],
  ['journal.path', string, (path) => use({ journal: { path } })],
]
export const tokens = (use: (tokens: any) => unknown): Argument[] => [
  ['tokens', amount('a number ≥ 0'), (tokens) => use({ tokens })],
  ['inputTokens', amount('a number ≥ 0'), (inputTokens) => use({ inputTokens })],
  ['outputTokens', amount('a number ≥ 0'), (outputTokens) => use({ outputTokens })],
]
export const permitRequest = (use: (request: any) => unknown): Argument[] => [
  ['request', optionalObject, use],
  ['key', optionalString, (key) => use({ key })],
  ...tokens(use),
]
export const limiterOptions = (use: (options: any) => unknown): Argument[] => [
  ['options', object, use],
  ['requestsPerMinute', kind(limit.expected, [NUMBER], notWhole), (requestsPerMinute) => use({ requestsPerMinute })],
  ...['tokensPerMinute', 'inputTokensPerMinute', 'outputTokensPerMinute', 'concurrency', 'burst'].map(
    (name): Argument => [name, limit, (value) => use({ requestsPerMinute: 1, [name]: value })],
  ),
  [
    'guarantee',
    kind('one of strict, balanced', [STRING, ABSENT], [['loose', '"loose"']]),
    (guarantee) => use({ requestsPerMinute: 1, guarantee }),
  ],
  ['allowOversize', optionalBoolean, (allowOversize) => use({ requestsPerMinute: 1, allowOversize })],
  ['name', optionalString, (name) => use({ requestsPerMinute: 1, name })],
]
export const benchmarkConfig = (use: (config: any, fn: any) => unknown): Argument[] => [
  ['config', object, (config) => use(config, run)],
  ['name', string, (name) => use({ name }, run)],
  ['description', optionalString, (description) => use({ ...good, description }, run)],
  ['parallel', optionalBoolean, (parallel) => use({ ...good, parallel }, run)],
  ['iterations', count, (iterations) => use({ ...good, iterations }, run)],
  ['warmupIterations', countFrom0, (warmupIterations) => use({ ...good, warmupIterations }, run)],
  ['concurrency', count, (concurrency) => use({ ...good, concurrency }, run)],
  ['fn', fn, (wrong) => use(good, wrong)],
]
export const thresholds = (names: string[], use: (thresholds: any) => unknown): Argument[] => [
  ['thresholds', optionalObject, use],
  ...names.map((name): Argument => [`thresholds.${name}`, positive, (value) => use({ [name]: value })]),
]
export const interval = (use: Call): Argument[] => [
  ['intervalMs', positive, use],
  ['intervalMs', kind('a number ≤ 2147483647', ANY, [[2 ** 31, '2147483648']]), use],
]
