import * as api from '@aah/ai-evals-performance'
import {
  ABSENT,
  ANY,
  ARRAY,
  type Argument,
  amount,
  benchmarkConfig,
  cacheOptions,
  count,
  fetchOptions,
  fixedConfig,
  fn,
  interval,
  kind,
  limit,
  limiterOptions,
  measured,
  NUMBER,
  OBJECT,
  object,
  of,
  optionalBoolean,
  optionalObject,
  optionalString,
  permitRequest,
  resetName,
  result,
  run,
  STRING,
  sample,
  scorers,
  signal,
  storeOptions,
  streamConfig,
  string,
  task,
  thresholds,
  tokens,
  vectors,
  waitOptions,
  workerConfig,
} from './kinds.ts'

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
export const benchmark = new api.Benchmark()
const suite = new api.BenchmarkSuite()
const stream = new api.DatasetStream()
const processor = new api.BatchProcessor()
const writer = new api.ResultWriter()
const executor = new api.ParallelExecutor()
const pool = new api.ScoringWorkerPool()
export const limiter = new api.RateLimiter({ requestsPerMinute: Number.POSITIVE_INFINITY })
const permit = limiter.tryAcquire() as api.Permit

/** Every function that is exported, and every method, with its arguments. Where any value is welcome, there are none. */
export const ARGUMENTS: Record<string, Argument[]> = {
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
