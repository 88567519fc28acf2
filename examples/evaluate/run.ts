import {
  cacheManager,
  type ExecutionResult,
  type ExecutionTask,
  type ParallelExecutor,
  type PerformanceReport,
  performanceMonitor,
} from '@aah/ai-evals-performance'
import { loadDataset, type Question } from './dataset.ts'
import { isRefusal, type Model, type Provider, type Reply } from './model.ts'
import type { Options } from './options.ts'
import { finalNumber, isCorrect } from './score.ts'

export interface Score {
  model: string
  correct: number
  wrong: number
  /** Wrong answers in which no number was found. */
  unreadable: number
  /** The questions that brought no answer, and why. They count neither as correct nor as wrong. */
  failures: { id: string; message: string }[]
  /** How many answers were judged like the file judges them, of those that it judges. */
  agreement: { same: number; judged: number }
}

interface Usage {
  /** Rows that the cache had an answer to. */
  cached: number
  /** Questions put to the model. */
  asked: number
  /** Further attempts at questions whose first attempt failed. */
  askedAgain: number
  tokens: number
  /** How long the limits held requests back, in milliseconds. */
  throttleTime: number
}

export interface RunSummary extends Usage {
  scores: Score[]
  rows: number
  wallTime: number
  timings: PerformanceReport
  requests: number
  rateLimited: number
}

type Failure = NonNullable<ExecutionResult['error']>
type Answer = { reply: Reply } | { error: Failure }
type Task = ExecutionTask<string, any>

/** One whole evaluation, from reading the file to the scores. */
export async function runEvaluation(
  options: Options,
  provider: Provider,
  executor: ParallelExecutor,
): Promise<RunSummary> {
  performanceMonitor.reset()
  const trafficBefore = { ...provider.traffic }
  const started = performance.now()

  const questions = performanceMonitor.measureSync('dataset-loading', () => loadDataset(options.dataset, options.limit))
  const rows = questions.length * provider.models.length
  const usage: Usage = { cached: 0, asked: 0, askedAgain: 0, tokens: 0, throttleTime: 0 }
  const scores: Score[] = []
  for (const model of provider.models) {
    const answers = await answerAll(questions, { model, executor, usage })
    scores.push(scoreAll(model.name, questions, answers))
  }

  return {
    ...usage,
    scores,
    rows,
    wallTime: performance.now() - started,
    timings: performanceMonitor.generateReport(),
    requests: provider.traffic.requests - trafficBefore.requests,
    rateLimited: provider.traffic.rateLimited - trafficBefore.rateLimited,
  }
}

interface Context {
  model: Model
  executor: ParallelExecutor
  usage: Usage
}

/** An answer, or the reason why there is none, for every question, in their order. */
async function answerAll(questions: Question[], context: Context): Promise<Answer[]> {
  const { model, usage } = context
  const answers: Answer[] = []
  const tasks: Task[] = []
  for (const [index, question] of questions.entries()) {
    const reply = performanceMonitor.measureSync('cache-lookup', () =>
      cacheManager.responseCache.get<Reply>(question.question, model.config),
    )
    if (reply === undefined) {
      const { id, question: input, answer: expected } = question
      tasks.push({ id: String(index), testCase: { id, input, expected, row: question } })
    } else {
      answers[index] = { reply }
      usage.cached++
    }
  }
  for (const [index, answer] of await askAll(tasks, context)) answers[index] = answer
  return answers
}

/** Asks the model for what the cache lacks. */
async function askAll(tasks: Task[], { model, executor, usage }: Context): Promise<Map<number, Answer>> {
  if (tasks.length === 0) return new Map()
  const asked = new Set<string>()
  const ask = async ({ id, testCase: { input, row } }: Task) => {
    let total = 0
    // Another question in the same words, and another process with the same store, wait for this answer.
    const reply = await cacheManager.responseCache
      .getOrSet<Reply>(input, model.config, async () => {
        asked.add(id)
        const answer = await performanceMonitor.measure('model-call', () => model.ask(row))
        total = answer.usage.totalTokens
        return answer
      })
      .catch((error) => {
        // Nothing more will be sent: what is left need not wait to fail as well.
        if (isRefusal(error)) executor.updateConfig({ rateLimit: { requestsPerMinute: 1e9, tokensPerMinute: 1e12 } })
        throw error
      })
    usage.tokens += total
    return { actual: reply, metadata: { tokenUsage: { total } } }
  }
  const countRetry = () => void usage.askedAgain++
  executor.on('retry', countRetry)
  const results = await executor.executeTasks<string, any>(tasks, ask)
  executor.off('retry', countRetry)
  // The executor's figures are those of its last run.
  usage.throttleTime += executor.getMetrics().throttleTime
  usage.asked += asked.size
  return new Map(
    results.map(({ task, result, error }) => [Number(task.id), error ? { error } : { reply: result?.actual }]),
  )
}

function scoreAll(model: string, questions: Question[], answers: Answer[]): Score {
  const score: Score = { model, correct: 0, wrong: 0, unreadable: 0, failures: [], agreement: { same: 0, judged: 0 } }
  for (const [index, question] of questions.entries()) {
    const answer = answers[index] as Answer
    if ('error' in answer) {
      score.failures.push({ id: question.id, message: answer.error.message })
      continue
    }
    const { text } = answer.reply
    const correct = performanceMonitor.measureSync('scoring', () => isCorrect(text, question.answer))
    if (correct) score.correct++
    else score.wrong++
    if (finalNumber(text) === undefined) score.unreadable++
    const judged = question.recorded.get(model)?.isCorrect
    if (judged === undefined) continue
    score.agreement.judged++
    if (judged === correct) score.agreement.same++
  }
  return score
}
