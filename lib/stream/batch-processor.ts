import { checkFunction, checkObject, wrongType } from '../arguments.ts'
import { PerformanceError } from '../errors.ts'
import { streamConfig } from './config.ts'
import { SpillQueue, workOff } from './spill-queue.ts'
import { type StreamStats, streamStats } from './stats.ts'
import { Turns } from './turns.ts'
import type { RunResult, StreamConfig, TestCase } from './types.ts'

type Executor<TInput, TOutput> = (testCases: TestCase<TInput, TOutput>[]) => Promise<RunResult<TOutput>[]>

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
export class BatchProcessor<TInput = any, TOutput = any> {
  readonly #batchSize: number
  readonly #queue: SpillQueue<TestCase<TInput, TOutput>>
  readonly #turns = new Turns()
  #results: RunResult<TOutput>[] = []

  constructor(config?: StreamConfig) {
    const checked = streamConfig('config', config)
    this.#batchSize = checked.batchSize
    this.#queue = new SpillQueue(checked)
  }

  /** Takes a test case. Always `true`; a `TypeError` where it is not an object. */
  addTestCase(testCase: TestCase<TInput, TOutput>): boolean {
    checkObject('testCase', testCase)
    this.#queue.add(testCase)
    return true
  }

  /** Takes test cases one by one. Where one is not an object, or the iteration fails, those before it are taken. */
  addTestCases(testCases: Iterable<TestCase<TInput, TOutput>>): void {
    if (typeof testCases !== 'object' || typeof testCases?.[Symbol.iterator] !== 'function') {
      throw wrongType('testCases', 'an iterable of test cases', testCases)
    }
    let index = 0
    for (const testCase of testCases) {
      checkObject(`testCases[${index++}]`, testCase)
      this.#queue.add(testCase)
    }
  }

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
  async processAll(executor: Executor<TInput, TOutput>): Promise<RunResult<TOutput>[]> {
    checkFunction('executor', executor)
    return this.#turns.run(() => this.#drain(executor))
  }

  getStats(): StreamStats {
    return streamStats(this.#queue)
  }

  /** The results so far, in order, as a new array: those of every call, also those before a batch that failed. */
  getResults(): RunResult<TOutput>[] {
    return this.#results.slice()
  }

  /**
   * Why test cases beyond the bounds had to stay in memory: a {@link PerformanceError} with code `ERR_SPILL_WRITE` for the
   * last failure to write them to disk, `undefined` where there was none since `clear()`. None is lost by it.
   */
  get spillError(): PerformanceError | undefined {
    return this.#queue.spillError
  }

  /**
   * Forgets test cases and results and resets the statistics. The batch in flight still ends: its results belong to its
   * call of {@link processAll}, and should it fail, its test cases are gone.
   */
  clear(): void {
    this.#queue.clear()
    this.#results = []
  }

  async #drain(executor: Executor<TInput, TOutput>): Promise<RunResult<TOutput>[]> {
    const results: RunResult<TOutput>[] = []
    for (;;) {
      await this.#queue.fill(this.#batchSize)
      const batch = this.#queue.begin(this.#batchSize)
      if (batch.length === 0) return results
      // `clear()` replaces the list, so that a batch it finds in flight adds nothing to the new one.
      const all = this.#results
      for (const result of await workOff(this.#queue, batch, (testCases) => callExecutor(executor, testCases))) {
        results.push(result)
        all.push(result)
      }
    }
  }
}

async function callExecutor<TInput, TOutput>(
  executor: Executor<TInput, TOutput>,
  testCases: TestCase<TInput, TOutput>[],
): Promise<RunResult<TOutput>[]> {
  const expected = testCases.length
  const results = await executor(testCases)
  if (!Array.isArray(results)) throw wrongType('executor(testCases)', 'an array of results', results)
  if (results.length !== expected) {
    throw new PerformanceError(
      'ERR_RESULT_COUNT',
      `Expected \`executor\` to return ${expected} results for ${expected} test cases, got ${results.length}`,
    )
  }
  return results
}
