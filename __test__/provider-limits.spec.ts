import {
  type ExecutionResult,
  ParallelExecutor,
  type RateLimit,
  RateLimiter,
  type WorkerConfig,
} from '@aah/ai-evals-performance'
import { describe, expect, test, vi } from 'vitest'
import { type Limits, MINUTE } from './helpers/provider/limits.ts'
import { answerTo, type Failure, type Provider, type ProviderOptions } from './helpers/provider/provider.ts'
import type { RetryAfterForm } from './helpers/provider/retry-after.ts'
import { inputTokens, questions, type Session, sessions } from './helpers/provider/session.ts'
import { mostLetIn, statistics } from './helpers/provider/statistics.ts'

// Hundreds of requests over real sockets in each test: slow on a busy machine.
vi.setConfig({ testTimeout: 300_000 })

const start = sessions()

type Question = ReturnType<typeof questions>[number]

/** What a task may come to at most, known exactly. */
const estimateTokens = ({ testCase, runnerConfig }: Question) => ({
  inputTokens: inputTokens(testCase.input),
  outputTokens: runnerConfig.request.max_tokens,
})

/** The provider's limits as an executor takes them. */
function configured({ concurrency = 50, requestsPerSecond: _, requestsPerMinute = 1e6, ...tokens }: Limits) {
  return { concurrency, rateLimit: { requestsPerMinute, ...tokens }, estimateTokens } satisfies WorkerConfig
}

/** That each task has its outcome at its place, and all of them the right answer. */
function expectAnswers(results: ExecutionResult[], tasks: Question[]): void {
  expect(results.map(({ task }) => task)).toEqual(tasks)
  expect(results.filter(({ error }) => error !== undefined)).toEqual([])
  for (const { task, result } of results) expect(result?.actual).toContain(answerTo(task.testCase.input))
}

/** How much of the limit of requests was used at each start but those of the first minute: the least of these shares. */
function leastUse({ log, limits }: Provider): number {
  const starts = log.map(({ at }) => at)
  const uses = starts
    .filter((at) => at >= starts[0]! + MINUTE)
    .map((now) => starts.filter((at) => now - MINUTE < at && at <= now).length / limits.requestsPerMinute!)
  expect(uses.length).toBeGreaterThan(0)
  return Math.min(...uses)
}

describe('with the true limits nothing is refused', () => {
  async function run(options: ProviderOptions & { limits: Limits }, more: Partial<RateLimit>, count = 700) {
    const session = await start(options)
    const config = configured(options.limits)
    const executor = new ParallelExecutor({ ...config, rateLimit: { ...config.rateLimit, ...more } })
    const tasks = questions(count)
    expectAnswers(await session.time.until(executor.executeTasks(tasks, session.execute)), tasks)
    expect(statistics(session.provider).refused).toEqual({})
    return session.provider
  }

  test.each<[string, Limits, Partial<RateLimit>]>([
    ['requests as they come', { requestsPerMinute: 200 }, {}],
    ['few requests at a time', { requestsPerMinute: 200, concurrency: 10 }, {}],
    ['requests one by one, where seconds are counted', { requestsPerMinute: 240, requestsPerSecond: 4 }, { burst: 1 }],
    ['requests in small bursts', { requestsPerMinute: 240, requestsPerSecond: 7 }, { burst: 4 }],
    ['requests that come every 285.7 ms', { requestsPerMinute: 210, requestsPerSecond: 4 }, { burst: 1 }],
  ])('of %s, and the minute is full', async (_, limits, pacing) => {
    const count = 3 * limits.requestsPerMinute!
    // All take the same time: else it is now and then a place that is waited for.
    const provider = await run({ limits, latency: { median: 800, spread: 0 } }, pacing, count)
    expect(leastUse(provider)).toBeGreaterThanOrEqual(0.99)
  })

  test.each<[string, Limits]>([
    ['tokens', { tokensPerMinute: 20_000 }],
    ['input tokens', { inputTokensPerMinute: 4_000 }],
    ['output tokens', { outputTokensPerMinute: 15_000 }],
    [
      'anything',
      {
        requestsPerMinute: 290,
        tokensPerMinute: 20_000,
        inputTokensPerMinute: 3_800,
        outputTokensPerMinute: 14_000,
        concurrency: 40,
      },
    ],
  ])('of %s, with their maximum reserved', async (_, limits) => {
    await run({ limits }, { guarantee: 'strict' })
  })

  test('of tokens, with what they use reserved, by a provider that counts what was used', async () => {
    const limits = { tokensPerMinute: 20_000, outputTokensPerMinute: 15_000 }
    const provider = await run({ limits, counts: 'used' }, {})
    expect(mostLetIn(provider, 'tokensPerMinute')).toBeGreaterThan(0.93 * limits.tokensPerMinute)
  })
})

test('two executors and requests of their own that share a limiter are never refused together', async () => {
  const limits = { requestsPerMinute: 300, tokensPerMinute: 40_000, concurrency: 30 }
  const { time, provider, ask, execute } = await start({ limits })
  const limiter = new RateLimiter({ ...limits, guarantee: 'strict' })
  const executors = [50, 20].map((concurrency) => new ParallelExecutor({ concurrency, limiter, estimateTokens }))
  const tasks = questions(300)
  const [one, two, own] = await time.until(
    Promise.all([
      ...executors.map((executor) => executor.executeTasks(tasks, execute)),
      askWith(limiter, ask, tasks.slice(0, 100)),
    ]),
  )
  for (const results of [one, two]) expectAnswers(results as ExecutionResult[], tasks)
  expect(own).toBe(100)
  expect(statistics(provider).refused).toEqual({})
  expect(mostLetIn(provider, 'requestsPerMinute')).toBe(300)
  expect(limiter.getState()).toMatchObject({ inFlight: 0 })
})

/** Asks all questions at once, each as soon as the limiter lets it: how many brought an answer. */
async function askWith(limiter: RateLimiter, ask: Session['ask'], tasks: Question[]): Promise<number> {
  const answers = tasks.map(async (task) => {
    const permit = await limiter.acquire(estimateTokens(task))
    try {
      const { usage } = await ask(task.testCase.input)
      permit.settle({ tokens: usage!.total_tokens })
      return 1
    } finally {
      permit.release()
    }
  })
  return (await Promise.all(answers)).reduce((sum, one) => sum + one, 0)
}

describe('with limits that are configured twice too high', () => {
  const twice = (limits: Limits): WorkerConfig => {
    const doubled = Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, 2 * limit]))
    return { ...configured(doubled), adaptive: true, retry: true }
  }
  const REQUESTS: Limits = { requestsPerMinute: 300 }
  const TOKENS: Limits = { tokensPerMinute: 20_000 }

  // The last number is how many minutes it would take with the true limits. To be refused little is easy for whoever asks
  // little: it must not take twice as long.
  test.each<[Limits, RetryAfterForm, number, number]>([
    [REQUESTS, 'seconds', 800, 2.7],
    [REQUESTS, 'date', 800, 2.7],
    [REQUESTS, 'milliseconds', 1_000, 3.4],
    [REQUESTS, 'none', 3_000, 10],
    [TOKENS, 'milliseconds', 1_000, 3],
    [TOKENS, 'none', 1_000, 3],
    [{ concurrency: 8 }, 'none', 1_000, 1.9],
    [{ requestsPerMinute: 300, requestsPerSecond: 5 }, 'none', 1_000, 3.4],
  ])(
    '%j, and Retry-After as %s, few requests are refused and no outcome is lost',
    async (limits, form, count, minutes) => {
      const { time, provider, execute } = await start({ limits, retryAfter: form })
      const executor = new ParallelExecutor(twice(limits))
      const tasks = questions(count)
      const begun = performance.now()
      expectAnswers(await time.until(executor.executeTasks(tasks, execute)), tasks)
      expect((performance.now() - begun) / MINUTE).toBeLessThan(2 * minutes)
      const { refusedShare, outcomes, tooEarly } = statistics(provider)
      expect(outcomes.answered).toBe(count)
      expect(tooEarly).toBe(0)
      expect(refusedShare).toBeLessThan(0.05)
    },
  )
})

describe('Retry-After', () => {
  // One request a minute is let in. A date names a whole second, and the first comes a quarter of a second after one.
  test.each<[RetryAfterForm, number[]]>([
    ['seconds', [0, 0, 60_000, 60_000, 120_000]],
    ['milliseconds', [0, 0, 60_000, 60_000, 120_000]],
    ['date', [0, 0, 60_750, 60_750, 120_750]],
  ])('as %s is honoured to the millisecond', async (retryAfter, arrivals) => {
    vi.setSystemTime(Date.UTC(2026, 8, 1, 12, 0, 0, 250))
    const { time, provider, execute } = await start({ limits: { requestsPerMinute: 1 }, retryAfter })
    const executor = new ParallelExecutor({ concurrency: 2, rateLimit: { requestsPerMinute: 1_000 }, retry: true })
    const tasks = questions(3)
    expectAnswers(await time.until(executor.executeTasks(tasks, execute)), tasks)
    expect(provider.log.map(({ at }) => at)).toEqual(arrivals)
    expect(statistics(provider).tooEarly).toBe(0)
  })

  test.each<[Failure, number, number]>([
    ['unavailable', 2_700, 0],
    ['overloaded', 2_700, 1_700],
  ])('of a request that is %s holds up that one, and after a 429 all others', async (failure, again, others) => {
    const fails = (question: string, attempt: number) => {
      return question === questions(1)[0]!.testCase.input && attempt === 1 ? failure : undefined
    }
    const { time, provider, execute } = await start({ latency: { median: 1_000, spread: 0 }, failures: fails })
    const executor = new ParallelExecutor({ concurrency: 3, rateLimit: { requestsPerMinute: 1_000 }, retry: true })
    const tasks = questions(4)
    expectAnswers(await time.until(executor.executeTasks(tasks, execute)), tasks)
    const [first, ...rest] = tasks.map(({ testCase }) => {
      return provider.log.filter(({ question }) => question === testCase.input).map(({ at }) => at)
    })
    expect(first).toEqual([0, again])
    expect(rest).toEqual([[0], [0], [1_000 + others]])
  })
})

describe('answers that fail', () => {
  const retry = { attempts: 4, baseDelay: 500, maxDelay: 8_000 }
  const shares = { overloaded: 0.03, broken: 0.05, unavailable: 0.03, reset: 0.05, truncated: 0.03, hanging: 0.03 }

  test('leave each row with its answer, or with its own error after the last attempt', async () => {
    const { time, provider, execute } = await start({ failures: shares })
    const rateLimit = { requestsPerMinute: 6_000 }
    const executor = new ParallelExecutor({ concurrency: 50, rateLimit, retry, timeout: 10_000 })
    const tasks = questions(800)
    const results = await time.until(executor.executeTasks(tasks, execute))
    expect(results.map(({ task }) => task)).toEqual(tasks)
    for (const { task, result, error } of results) {
      const attempts = provider.log.filter(({ question }) => question === task.testCase.input)
      const isAnswered = attempts.at(-1)!.outcome === 'answered'
      expect(attempts.slice(0, -1).filter(({ outcome }) => outcome === 'answered')).toEqual([])
      if (isAnswered) expect(result!.actual).toContain(answerTo(task.testCase.input))
      else expect([error!.retryable, attempts.length]).toEqual([true, 4])
    }
    const { outcomes } = statistics(provider)
    expect(Object.keys(outcomes).sort()).toEqual([...Object.keys(shares), 'answered'].map(heard).sort())
  })

  test.each<[Failure, object]>([
    ['overloaded', { status: 429 }],
    ['broken', { status: 500 }],
    ['unavailable', { status: 503 }],
    ['reset', { name: 'Error', cause: { cause: { code: 'ECONNRESET' } } }],
    ['truncated', { cause: { code: 'UND_ERR_SOCKET' } }],
    ['hanging', { name: 'TimeoutError' }],
  ])('as %s each time end as that, after as many attempts as were allowed', async (failure, cause) => {
    const [hopeless, ...others] = questions(4)
    const failures = (question: string) => (question === hopeless!.testCase.input ? failure : undefined)
    const { time, provider, execute } = await start({ failures })
    const executor = new ParallelExecutor({ retry, timeout: 10_000 })
    const [result, ...rest] = await time.until(executor.executeTasks([hopeless!, ...others], execute))
    expect(result).toMatchObject({ task: hopeless, error: { retryable: true, cause } })
    expectAnswers(rest, others)
    expect(statistics(provider).outcomes).toEqual({ [heard(failure)]: 4, answered: 3 })
  })
})

/** A request that nobody answers ends when its client hangs up. */
function heard(outcome: string): string {
  return outcome === 'hanging' ? 'hung up' : outcome
}
