// Wrong arguments, over the whole public API: each is refused with what it is called, what was expected and what came.

import * as api from '@aah/ai-evals-performance'
import { describe, expect, test, vi } from 'vitest'

type Refused = [value: unknown, shown: string]

const NUMBER: Refused = [7, '7']
const STRING: Refused = ['x', '"x"']
const ABSENT: Refused = [undefined, 'undefined']
const ARRAY: Refused = [[], 'an array']
const OBJECT: Refused = [{}, 'an object']
const FUNCTION: Refused = [() => {}, 'a function']
const ANY: Refused[] = [
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

function kind(expected: string, accepted: Refused[], values: Refused[] = []): Kind {
  return { expected, types: ANY.filter((one) => !accepted.includes(one)), values }
}

const notANumber: Refused[] = [
  [Number.NaN, 'NaN'],
  [0, '0'],
  [-1, '-1'],
  [Number.NEGATIVE_INFINITY, '-Infinity'],
]
const notWhole: Refused[] = [...notANumber, [1.5, '1.5'], [2 ** 53, '9007199254740992']]

const string = kind('a string', [STRING])
const optionalString = kind('a string', [STRING, ABSENT])
const optionalBoolean: Kind = kind('a boolean', [ABSENT, ANY[7] as Refused])
const fn = kind('a function', [FUNCTION])
const optionalFn = kind('a function', [FUNCTION, ABSENT])
const signal = kind('an AbortSignal', [ABSENT])
const object = kind('an object', [OBJECT])
const optionalObject = kind('an object', [OBJECT, ABSENT])
const count = kind('an integer ≥ 1', [NUMBER, ABSENT], [...notWhole, [Number.POSITIVE_INFINITY, 'Infinity']])
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
const limit = kind('an integer ≥ 1 or Infinity', [NUMBER, ABSENT], notWhole)
const modes = 'one of live, record, replay, readonly, refresh, off'
const mode = kind(modes, [STRING, ABSENT], [['reply', '"reply"']])
const scorers = 'one of exact, normalizedExact, levenshtein, tokenF1, cosine'
const vectors = 'an array of numbers, a Float32Array or a Float64Array'
const isolation = kind('one of reference, copy, frozen', [STRING, ABSENT], [['deep', '"deep"']])
const of = (expected: string, ...accepted: Refused[]) => kind(expected, accepted)
const result = of('a benchmark result', OBJECT)

type Call = (value: any) => unknown
type Argument = [name: string, kind: Kind, call: Call]

const good = { name: 'x' }
const run = async () => 1
const task = { id: 'a', testCase: { id: 'a', input: 1, expected: 1 } }
const measured = { avgDuration: 1 } as api.BenchmarkResult

const sample = (use: (options: any) => unknown): Argument[] => [
  ['options', optionalObject, use],
  ['sample', countFrom0, (sample) => use({ sample })],
]
const amount = (expected: string, ...accepted: Refused[]): Kind => ({
  ...kind(expected, [NUMBER, ABSENT, ...accepted]),
  values: [
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
  ],
})
const resetName = (kind: string) => `${kind[0]?.toLowerCase()}${kind.slice(1)}ResetIn`
const storeOptions = (use: (options: any) => unknown): Argument[] => [
  ['options', optionalObject, use],
  ['ttl', positive, (ttl) => use({ ttl })],
  ['usage', optionalObject, (usage) => use({ usage })],
  ['usage.totalTokens', amount('a number ≥ 0'), (totalTokens) => use({ usage: { totalTokens } })],
  ['cost', amount('a number ≥ 0'), (cost) => use({ cost })],
]
const waitOptions = (use: (options: any) => unknown): Argument[] => [
  ['options', optionalObject, use],
  ['ttl', positive, (ttl) => use({ ttl })],
  ['signal', of('an AbortSignal', ABSENT), (signal) => use({ signal })],
  ['maxWait', positive, (maxWait) => use({ maxWait })],
]
const fetchOptions = (use: (options: any) => unknown): Argument[] => [
  ...waitOptions(use),
  ['usage', of('an object or a function', OBJECT, ABSENT, FUNCTION), (usage) => use({ usage })],
  ['cost', amount('a number ≥ 0 or a function', FUNCTION), (cost) => use({ cost })],
  ['shouldStore', of('a function', FUNCTION, ABSENT), (shouldStore) => use({ shouldStore })],
]
const cacheOptions = (make: (options: any) => unknown): Argument[] => [
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
const streamConfig = (make: (config: any) => unknown): Argument[] => [
  ['config', optionalObject, make],
  ['batchSize', count, (batchSize) => make({ batchSize })],
  ['maxMemory', count, (maxMemory) => make({ maxMemory })],
  ['bufferSize', count, (bufferSize) => make({ bufferSize })],
]
const workerConfig = (use: (config: any) => unknown): Argument[] => [
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
const fixedConfig = (use: (config: any) => unknown): Argument[] => [
  ['signal', signal, (signal) => use({ signal })],
  ['adaptive', optionalBoolean, (adaptive) => use({ adaptive })],
  ['key', optionalFn, (key) => use({ key })],
  ['limiter', kind('a RateLimiter or a function', [FUNCTION, ABSENT]), (limiter) => use({ limiter })],
  ['journal', kind('the path of a file or an object', [STRING, OBJECT, ABSENT]), (journal) => use({ journal })],
  ['journal.path', string, (path) => use({ journal: { path } })],
]
const tokens = (use: (tokens: any) => unknown): Argument[] => [
  ['tokens', amount('a number ≥ 0'), (tokens) => use({ tokens })],
  ['inputTokens', amount('a number ≥ 0'), (inputTokens) => use({ inputTokens })],
  ['outputTokens', amount('a number ≥ 0'), (outputTokens) => use({ outputTokens })],
]
const permitRequest = (use: (request: any) => unknown): Argument[] => [
  ['request', optionalObject, use],
  ['key', optionalString, (key) => use({ key })],
  ...tokens(use),
]
const limiterOptions = (use: (options: any) => unknown): Argument[] => [
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
const benchmarkConfig = (use: (config: any, fn: any) => unknown): Argument[] => [
  ['config', object, (config) => use(config, run)],
  ['name', string, (name) => use({ name }, run)],
  ['description', optionalString, (description) => use({ ...good, description }, run)],
  ['parallel', optionalBoolean, (parallel) => use({ ...good, parallel }, run)],
  ['iterations', count, (iterations) => use({ ...good, iterations }, run)],
  ['warmupIterations', countFrom0, (warmupIterations) => use({ ...good, warmupIterations }, run)],
  ['concurrency', count, (concurrency) => use({ ...good, concurrency }, run)],
  ['fn', fn, (wrong) => use(good, wrong)],
]
const thresholds = (names: string[], use: (thresholds: any) => unknown): Argument[] => [
  ['thresholds', optionalObject, use],
  ...names.map((name): Argument => [`thresholds.${name}`, positive, (value) => use({ [name]: value })]),
]
const interval = (use: Call): Argument[] => [
  ['intervalMs', positive, use],
  ['intervalMs', kind('a number ≤ 2147483647', ANY, [[2 ** 31, '2147483648']]), use],
]
const cacheOf = (cache: object) => ({ get() {}, set() {}, clear() {}, removeExpired() {}, getStats() {}, ...cache })
const taskList = (execute: (tasks: any) => unknown): Argument[] => [
  ['tasks[0]', of('a task', OBJECT), (wrong) => execute([wrong])],
  ['tasks[1].id', string, (id) => execute([task, { ...task, id }])],
  [
    'tasks[0].priority',
    { ...kind('a number', [NUMBER, ABSENT]), values: [[Number.NaN, 'NaN']] },
    (priority) => execute([{ ...task, priority }]),
  ],
]

const codec = { is: () => false, encode: () => 1, decode: () => 1 } as unknown as api.ValueCodec
const lru = new api.LRUCache()
const responses = new api.ResponseCache()
const embeddings = new api.EmbeddingCache()
const queries = new api.QueryCache()
const invalidator = new api.CacheInvalidator()
const manager = new api.CacheManager()
const monitor = new api.PerformanceMonitor()
const benchmark = new api.Benchmark()
const suite = new api.BenchmarkSuite()
const stream = new api.DatasetStream()
const processor = new api.BatchProcessor()
const writer = new api.ResultWriter()
const executor = new api.ParallelExecutor()
const pool = new api.ScoringWorkerPool()
const limiter = new api.RateLimiter({ requestsPerMinute: Number.POSITIVE_INFINITY })
const permit = limiter.tryAcquire() as api.Permit

/** Every function that is exported, and every method, with its arguments. Where any value is welcome, there are none. */
const ARGUMENTS: Record<string, Argument[]> = {
  LRUCache: cacheOptions((options) => new api.LRUCache(options)),
  'LRUCache#get': [['key', string, (key) => lru.get(key)]],
  'LRUCache#set': [['key', string, (key) => lru.set(key, 1)], ...storeOptions((options) => lru.set('x', 1, options))],
  'LRUCache#getOrSet': [
    ['key', string, (key) => lru.getOrSet(key, run)],
    ['fn', fn, (wrong) => lru.getOrSet('x', wrong)],
    ...fetchOptions((options) => lru.getOrSet('x', run, options)),
  ],
  'LRUCache#has': [['key', string, (key) => lru.has(key)]],
  'LRUCache#delete': [['key', string, (key) => lru.delete(key)]],
  'LRUCache#explain': [['key', string, (key) => lru.explain(key)]],

  // Requests are any data, and their specs say which values are none.
  ResponseCache: cacheOptions((options) => new api.ResponseCache(options)),
  'ResponseCache#get': sample((options) => responses.get('x', {}, options)),
  'ResponseCache#has': sample((options) => responses.has('x', {}, options)),
  'ResponseCache#explain': sample((options) => responses.explain('x', {}, options)),
  'ResponseCache#delete': sample((options) => responses.delete('x', {}, options)),
  'ResponseCache#set': [
    ...sample((options) => responses.set('x', {}, 1, options)),
    ...storeOptions((options) => responses.set('x', {}, 1, options)),
  ],
  'ResponseCache#getOrSet': [
    ['fn', fn, (wrong) => responses.getOrSet('x', {}, wrong)],
    ...sample((options) => responses.getOrSet('x', {}, run, options)),
    ...fetchOptions((options) => responses.getOrSet('x', {}, run, options)),
  ],
  'ResponseCache#getOrSetMany': [
    ['inputs', of('an array', ARRAY), (inputs) => responses.getOrSetMany(inputs, {}, async () => [])],
    ['fn', fn, (wrong) => responses.getOrSetMany(['x'], {}, wrong)],
    ['fn()', of('an array of responses', ARRAY), (given) => responses.getOrSetMany(['x'], {}, () => given)],
    ...sample((options) => responses.getOrSetMany(['x'], {}, async () => [1], options)),
    ...waitOptions((options) => responses.getOrSetMany(['x'], {}, async () => [1], options)),
  ],

  EmbeddingCache: [
    ...cacheOptions((options) => new api.EmbeddingCache(options)),
    ['model', optionalString, (model) => new api.EmbeddingCache({ model })],
    ['dimensions', count, (dimensions) => new api.EmbeddingCache({ dimensions })],
  ],
  'EmbeddingCache#get': [
    ['text', string, (text) => embeddings.get(text)],
    ...sample((options) => embeddings.get('x', options)),
  ],
  'EmbeddingCache#explain': [
    ['text', string, (text) => embeddings.explain(text)],
    ...sample((options) => embeddings.explain('x', options)),
  ],
  'EmbeddingCache#delete': [
    ['text', string, (text) => embeddings.delete(text)],
    ...sample((options) => embeddings.delete('x', options)),
  ],
  'EmbeddingCache#getOrSet': [
    ['text', string, (text) => embeddings.getOrSet(text, async () => [1])],
    ['fn', fn, (wrong) => embeddings.getOrSet('x', wrong)],
    ['fn()', of('an array of numbers', ARRAY), (vector) => embeddings.getOrSet('x', () => vector)],
    ...sample((options) => embeddings.getOrSet('x', async () => [1], options)),
    ...fetchOptions((options) => embeddings.getOrSet('x', async () => [1], options)),
  ],
  'EmbeddingCache#getOrSetMany': [
    ['texts', of('an array of strings', ARRAY), (texts) => embeddings.getOrSetMany(texts, async () => [])],
    ['texts[1]', string, (text) => embeddings.getOrSetMany(['a', text], async () => [])],
    ['fn', fn, (wrong) => embeddings.getOrSetMany(['x'], wrong)],
    ['fn()', of('an array of embeddings', ARRAY), (vectors) => embeddings.getOrSetMany(['x'], () => vectors)],
    ...sample((options) => embeddings.getOrSetMany(['x'], async () => [[1]], options)),
    ...waitOptions((options) => embeddings.getOrSetMany(['x'], async () => [[1]], options)),
  ],
  'EmbeddingCache#set': [
    ['text', string, (text) => embeddings.set(text, [1])],
    ['embedding', of('an array of numbers', ARRAY), (embedding) => embeddings.set('text', embedding)],
    ['embedding[1]', of('a number', NUMBER), (number) => embeddings.set('text', [1, number])],
    ...sample((options) => embeddings.set('x', [1], options)),
    ...storeOptions((options) => embeddings.set('x', [1], options)),
  ],
  'EmbeddingCache#has': [
    ['text', string, (text) => embeddings.has(text)],
    ...sample((options) => embeddings.has('x', options)),
  ],
  'EmbeddingCache#batchGet': [
    ['texts', of('an array of strings', ARRAY), (texts) => embeddings.batchGet(texts)],
    ['texts[1]', string, (text) => embeddings.batchGet(['a', text])],
  ],
  'EmbeddingCache#batchSet': [
    ['embeddings', of('a Map of strings to arrays of numbers'), (map) => embeddings.batchSet(map)],
    ['embeddings.keys()', string, (text) => embeddings.batchSet(new Map([[text, [1]]]))],
    [
      'embeddings.get("a")',
      of('an array of numbers', ARRAY),
      (vector) => embeddings.batchSet(new Map([['a', vector]])),
    ],
  ],

  QueryCache: cacheOptions((options) => new api.QueryCache(options)),
  'QueryCache#get': [
    ['query', string, (query) => queries.get(query)],
    ...sample((options) => queries.get('x', undefined, options)),
  ],
  'QueryCache#set': [
    ['query', string, (query) => queries.set(query, undefined, 1)],
    ...sample((options) => queries.set('x', undefined, 1, options)),
    ...storeOptions((options) => queries.set('x', undefined, 1, options)),
  ],
  'QueryCache#has': [
    ['query', string, (query) => queries.has(query)],
    ...sample((options) => queries.has('x', undefined, options)),
  ],
  'QueryCache#explain': [
    ['query', string, (query) => queries.explain(query)],
    ...sample((options) => queries.explain('x', undefined, options)),
  ],
  'QueryCache#delete': [
    ['query', string, (query) => queries.delete(query)],
    ...sample((options) => queries.delete('x', undefined, options)),
  ],
  'QueryCache#getOrSet': [
    ['query', string, (query) => queries.getOrSet(query, undefined, run)],
    ['fn', fn, (wrong) => queries.getOrSet('x', undefined, wrong)],
    ...sample((options) => queries.getOrSet('x', undefined, run, options)),
    ...fetchOptions((options) => queries.getOrSet('x', undefined, run, options)),
  ],
  'QueryCache#invalidate': [['pattern', of('a RegExp or a string', STRING), (pattern) => queries.invalidate(pattern)]],

  'Store.open': [
    ['folder', string, (folder) => api.Store.open(folder)],
    ['folder', kind('the path of a folder', ANY, [['', '""']]), (folder) => api.Store.open(folder)],
    ['options', optionalObject, (options) => api.Store.open('never made', options)],
    ['maxBytes', limit, (maxBytes) => api.Store.open('never made', { maxBytes })],
  ],

  registerCodec: [
    ['name', string, (name) => api.registerCodec(name, codec)],
    ['name', kind('a name of 1 to 255 characters', ANY, [['', '""']]), (name) => api.registerCodec(name, codec)],
    ['codec', object, (wrong) => api.registerCodec('x', wrong)],
    ...['is', 'encode', 'decode'].map(
      (name): Argument => [`codec.${name}`, fn, (wrong) => api.registerCodec('x', { ...codec, [name]: wrong })],
    ),
  ],

  'CacheInvalidator#register': [
    ['name', string, (name) => invalidator.register(name, lru)],
    ['cache', of('a cache', OBJECT, ARRAY), (cache) => invalidator.register('x', cache)],
    ...['clear', 'removeExpired', 'getStats'].map(
      (method): Argument => [
        `cache.${method}`,
        fn,
        (value) => invalidator.register('x', cacheOf({ [method]: value }) as any),
      ],
    ),
  ],
  'CacheInvalidator#invalidate': [['name', string, (name) => invalidator.invalidate(name)]],
  'CacheInvalidator#scheduleCleanup': interval((milliseconds) => invalidator.scheduleCleanup(milliseconds)),
  'CacheManager#startCleanup': interval((milliseconds) => manager.startCleanup(milliseconds)),

  Measure: [['name', optionalString, (name) => api.Measure(name)]],
  // Metadata are handed on to listeners as they are.
  'PerformanceMonitor#start': [['name', string, (name) => monitor.start(name)]],
  'PerformanceMonitor#end': [['name', string, (name) => monitor.end(name)]],
  'PerformanceMonitor#measure': [
    ['name', string, (name) => monitor.measure(name, run)],
    ['fn', fn, (wrong) => monitor.measure('x', wrong)],
  ],
  'PerformanceMonitor#measureSync': [
    ['name', string, (name) => monitor.measureSync(name, () => 1)],
    ['fn', fn, (wrong) => monitor.measureSync('x', wrong)],
  ],
  'PerformanceMonitor#getComponentTiming': [['component', string, (name) => monitor.getComponentTiming(name)]],
  'PerformanceMonitor#identifyBottlenecks': thresholds(['criticalMs', 'criticalPercent'], (given) =>
    monitor.identifyBottlenecks(given),
  ),
  'PerformanceMonitor#setBaseline': [['id', string, (id) => monitor.setBaseline(id)]],
  'PerformanceMonitor#getBaseline': [['id', string, (id) => monitor.getBaseline(id)]],
  'PerformanceMonitor#detectRegressions': [
    ['baselineId', string, (id) => monitor.detectRegressions(id)],
    ...thresholds(['critical', 'major', 'minor'], (given) => monitor.detectRegressions('x', given)),
  ],
  'PerformanceMonitor#generateReport': [['baselineId', optionalString, (id) => monitor.generateReport(id)]],

  'Benchmark#run': benchmarkConfig((config, wrong) => benchmark.run(config, wrong)),
  'Benchmark#runSync': benchmarkConfig((config, wrong) => benchmark.runSync(config, wrong)),
  'Benchmark#compare': [
    ['baseline', result, (wrong) => benchmark.compare(wrong, measured)],
    ['current', result, (wrong) => benchmark.compare(measured, wrong)],
    [
      'current.avgDuration',
      of('a number', NUMBER),
      (avgDuration) => benchmark.compare(measured, { avgDuration } as any),
    ],
  ],
  'Benchmark#getHistory': [['name', string, (name) => benchmark.getHistory(name)]],
  'Benchmark.print': [['result', result, (wrong) => api.Benchmark.print(wrong)]],
  'Benchmark.printComparison': [
    ['comparison', of('a comparison', OBJECT), (wrong) => api.Benchmark.printComparison(wrong)],
    ['comparison.baseline', result, (baseline) => api.Benchmark.printComparison({ baseline } as any)],
    ['comparison.current', result, (current) => api.Benchmark.printComparison({ baseline: measured, current } as any)],
  ],
  BenchmarkSuite: [['name', optionalString, (name) => new api.BenchmarkSuite(name)]],
  'BenchmarkSuite#add': benchmarkConfig((config, wrong) => suite.add(config, wrong)),
  'BenchmarkSuite.printSummary': [
    ['suite', of("a suite's result", OBJECT), (wrong) => api.BenchmarkSuite.printSummary(wrong)],
    [
      'suite.benchmarks',
      of('an array of benchmark results', ARRAY),
      (benchmarks) => api.BenchmarkSuite.printSummary({ benchmarks } as any),
    ],
    ['suite.benchmarks[0]', result, (wrong) => api.BenchmarkSuite.printSummary({ benchmarks: [wrong] } as any)],
    ['suite.summary', object, (summary) => api.BenchmarkSuite.printSummary({ benchmarks: [], summary } as any)],
  ],
  benchmarkCache: [
    ['cache', of('a cache', OBJECT, ARRAY), (cache) => api.benchmarkCache(cache)],
    ...['get', 'set', 'getStats'].map(
      (method): Argument => [`cache.${method}`, fn, (value) => api.benchmarkCache(cacheOf({ [method]: value }) as any)],
    ),
    ['operations', count, (operations) => api.benchmarkCache(lru, operations)],
  ],

  DatasetStream: streamConfig((config) => new api.DatasetStream(config)),
  'DatasetStream#process': [['processor', fn, (wrong) => stream.process(wrong)]],
  BatchProcessor: streamConfig((config) => new api.BatchProcessor(config)),
  'BatchProcessor#addTestCase': [['testCase', object, (testCase) => processor.addTestCase(testCase)]],
  'BatchProcessor#addTestCases': [
    ['testCases', of('an iterable of test cases', ARRAY), (testCases) => processor.addTestCases(testCases)],
    ['testCases[0]', object, (testCase) => processor.addTestCases([testCase])],
  ],
  'BatchProcessor#processAll': [['executor', fn, (wrong) => processor.processAll(wrong)]],
  ResultWriter: streamConfig((config) => new api.ResultWriter(config)),
  'ResultWriter#write': [['writer', fn, (wrong) => writer.write(1, wrong)]],
  'ResultWriter#writeMany': [
    ['results', of('an array', ARRAY), (results) => writer.writeMany(results, async () => {})],
    ['writer', fn, (wrong) => writer.writeMany([1], wrong)],
  ],
  'ResultWriter#flush': [['writer', fn, (wrong) => writer.flush(wrong)]],

  ParallelExecutor: [
    ...workerConfig((config) => new api.ParallelExecutor(config)),
    ...fixedConfig((config) => new api.ParallelExecutor(config)),
  ],
  'ParallelExecutor#getRateLimiterState': [['key', optionalString, (key) => executor.getRateLimiterState(key)]],
  'ParallelExecutor#run': [
    ['tasks', of('an iterable or async iterable of tasks', ARRAY, STRING), (tasks) => executor.run(tasks, run as any)],
    ['executor', fn, (wrong) => executor.run([task], wrong)],
    ['options', optionalObject, (options) => executor.run([], run as any, options)],
    ['ordered', optionalBoolean, (ordered) => executor.run([], run as any, { ordered })],
    ['window', count, (window) => executor.run([], run as any, { window })],
    ['bufferSize', count, (bufferSize) => executor.run([], run as any, { bufferSize })],
    ['signal', signal, (signal) => executor.run([], run as any, { signal })],
  ],
  'ParallelExecutor#updateConfig': workerConfig((config) => executor.updateConfig(config)),
  'ParallelExecutor#executeTasks': [
    ['tasks', of('an array', ARRAY), (tasks) => executor.executeTasks(tasks, run as any)],
    ['executor', fn, (wrong) => executor.executeTasks([task], wrong)],
    ...taskList((tasks) => executor.executeTasks(tasks, run as any)),
  ],
  'ParallelExecutor#executeTasksStreaming': [
    [
      'tasks',
      of('an iterable or async iterable of tasks', ARRAY, STRING),
      (tasks) => executor.executeTasksStreaming(tasks, run as any),
    ],
    ['executor', fn, (wrong) => executor.executeTasksStreaming([task], wrong)],
    ['streamConfig', optionalObject, (config) => executor.executeTasksStreaming([], run as any, config)],
    ['batchSize', count, (batchSize) => executor.executeTasksStreaming([], run as any, { batchSize })],
    ['bufferSize', count, (bufferSize) => executor.executeTasksStreaming([], run as any, { bufferSize })],
    ['maxMemory', count, (maxMemory) => executor.executeTasksStreaming([], run as any, { maxMemory })],
  ],
  progressBar: [
    ['executor', object, (wrong) => api.progressBar(wrong)],
    ['executor.on', fn, (on) => api.progressBar({ on } as any)],
    ['options', optionalObject, (options) => api.progressBar(executor, options)],
    ['stream', of('a writable stream', ABSENT), (stream) => api.progressBar(executor, { stream })],
    ['quiet', optionalBoolean, (quiet) => api.progressBar(executor, { quiet })],
    ['label', optionalString, (label) => api.progressBar(executor, { label })],
  ],
  RateLimiter: limiterOptions((options) => new api.RateLimiter(options)),
  'RateLimiter#tryAcquire': permitRequest((request) => limiter.tryAcquire(request)),
  'RateLimiter#acquire': [
    ...permitRequest((request) => limiter.acquire(request)),
    ['signal', of('an AbortSignal', ABSENT), (signal) => limiter.acquire({ signal })],
  ],
  'RateLimiter#block': [
    [
      'milliseconds',
      {
        ...kind('a finite number ≥ 0', [NUMBER]),
        values: [
          [-1, '-1'],
          [Number.NaN, 'NaN'],
          [Number.POSITIVE_INFINITY, 'Infinity'],
        ],
      },
      (milliseconds) => limiter.block(milliseconds),
    ],
  ],
  'RateLimiter#observe': [
    ['observation', object, (observation) => limiter.observe(observation)],
    ...(['Requests', 'Tokens', 'InputTokens', 'OutputTokens'] as const).flatMap((kind): Argument[] => [
      [`remaining${kind}`, amount('a finite number ≥ 0'), (left) => limiter.observe({ [`remaining${kind}`]: left })],
      [resetName(kind), amount('a finite number ≥ 0'), (reset) => limiter.observe({ [resetName(kind)]: reset })],
    ]),
  ],
  'Permit#settle': [['actual', object, (actual) => permit.settle(actual)], ...tokens((use) => permit.settle(use))],
  ScoringWorkerPool: [['maxWorkers', count, (maxWorkers) => new api.ScoringWorkerPool(maxWorkers)]],
  'ScoringWorkerPool#execute': [['task', fn, (wrong) => pool.execute(wrong)]],
  scoreAll: [
    ['scorer', kind(scorers, [STRING], [['bleu', '"bleu"']]), (scorer) => api.scoreAll(scorer, [])],
    ['pairs', of('an array of pairs', ARRAY), (pairs) => api.scoreAll('exact', pairs)],
    ['pairs[1]', of('an array of two strings'), (pair) => api.scoreAll('exact', [['a', 'a'], pair])],
    ['pairs[0][0]', string, (text) => api.scoreAll('levenshtein', [[text, 'a']])],
    ['pairs[17][1]', string, (text) => api.scoreAll('tokenF1', Array(18).fill(['a', 'a']).with(17, ['a', text]))],
    ['pairs[0]', of('an array of two vectors'), (pair) => api.scoreAll('cosine', [pair])],
    ['pairs[0][0]', of(vectors, ARRAY), (vector) => api.scoreAll('cosine', [[vector, []]])],
    [
      'pairs[0][1][1]',
      of('a number', NUMBER),
      (number) =>
        api.scoreAll('cosine', [
          [
            [1, 2],
            [1, number],
          ],
        ]),
    ],
    ['options', optionalObject, (options) => api.scoreAll('exact', [], options)],
    ['threads', count, (threads) => api.scoreAll('exact', [], { threads })],
    ['signal', of('an AbortSignal', ABSENT), (signal) => api.scoreAll('exact', [], { signal })],
  ],
}

/** Any value will do: data that becomes a key, items that are carried, values for listeners; and errors are not ours. */
const EVENTS = ['on', 'addListener', 'prependListener', 'removeListener', 'off', 'removeAllListeners']
const ANY_VALUE = [
  ...['DatasetStream#push', 'PerformanceError', 'SourceError', 'RunStoppedError', 'ReplayMissError'],
  // Node.js itself looks at what an EventEmitter is given.
  ...EVENTS.map((name) => `Store#${name}`),
]

/** Of all that is exported: the names of what takes arguments. */
function whatTakesArguments(): string[] {
  return Object.entries(api).flatMap(([name, exported]: [string, any]) => {
    if (typeof exported !== 'function') return []
    const own = (object: object, separator: string) =>
      Object.entries(Object.getOwnPropertyDescriptors(object))
        .filter(([key, { value }]) => key !== 'constructor' && key !== 'prototype' && value?.length > 0)
        .filter(([, { value }]) => typeof value === 'function')
        .map(([key]) => `${name}${separator}${key}`)
    return [...(exported.length > 0 ? [name] : []), ...own(exported, '.'), ...own(exported.prototype ?? {}, '#')]
  })
}

test('every function and method that takes arguments is in the table', () => {
  const named = [...Object.keys(ARGUMENTS), ...ANY_VALUE]
  // Stores are made by `Store.open` only.
  const internal = [
    'PerformanceMonitor#advise',
    'PerformanceMonitor#gauge',
    'PerformanceMonitor#measureCall',
    'PerformanceMonitor#measureSpan',
    'Store',
  ]
  expect(
    whatTakesArguments()
      .filter((name) => !named.includes(name))
      .sort(),
  ).toEqual(internal)
})

describe.each(Object.entries(ARGUMENTS))('%s', (_function, args) => {
  test.each(args)('refuses a wrong `%s`', async (name, { expected, types, values = [] }, call) => {
    const print = vi.spyOn(console, 'log').mockImplementation(() => {})
    expect(types.length + values.length).toBeGreaterThan(0)
    for (const [refused, kind] of [
      [types, TypeError],
      [values, RangeError],
    ] as const) {
      for (const [value, shown] of refused) {
        const error = await errorOf(() => call(value))
        expect(`${error}`).toBe(`${kind.name}: Expected \`${name}\` to be ${expected}, got \`${shown}\``)
        expect(error).toBeInstanceOf(kind)
      }
    }
    expect(print).not.toHaveBeenCalled()
    print.mockRestore()
  })
})

async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  return 'no error'
}
