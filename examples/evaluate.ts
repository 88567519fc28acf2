// A whole evaluation: reads a dataset, asks a model through the rate-limited executor, caches what it answers, scores
// it, and reports; then does it all again with a warm cache. With `--store` the cache is on disk, and it is the next run
// of the program that finds it warm. `npx tsx examples/evaluate.ts --help` lists the options.

import {
  cacheManager,
  ParallelExecutor,
  PerformanceError,
  progressBar,
  ResponseCache,
  Store,
} from '@aah/ai-evals-performance'
import { loadDataset } from './evaluate/dataset.ts'
import { openProvider } from './evaluate/model.ts'
import { HELP, type Options, parseOptions } from './evaluate/options.ts'
import { comparison, introduction, runReport, storeReport } from './evaluate/report.ts'
import { type RunSummary, runEvaluation } from './evaluate/run.ts'
import { UsageError } from './evaluate/usage-error.ts'

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) return console.log(HELP)
  const questions = loadDataset(options.dataset, options.limit)
  const provider = await openProvider(options, questions)
  const store = openStore(options)
  try {
    const { requestsPerMinute, tokensPerMinute, concurrency } = options
    const executor = new ParallelExecutor({
      concurrency,
      rateLimit: { requestsPerMinute, tokensPerMinute },
      retry: { attempts: 4, baseDelay: 250 },
    })
    // The default holds 500 responses; the second run is only free if every one is still there.
    const maxSize = questions.length * provider.models.length
    // What is on disk was paid for, and the model would say it again: it is good until it is removed.
    const cache = store ? new ResponseCache({ maxSize, store, ttl: Infinity }) : new ResponseCache({ maxSize })
    cacheManager.responseCache = cache

    const run = async (label: string) => {
      const bar = progressBar(executor, { label })
      try {
        return await runEvaluation(options, provider, executor)
      } finally {
        bar.stop()
      }
    }

    console.log(introduction(options, provider.description, questions.length))
    const last = store ? await runOnce(run, cache) : await runTwice(run)
    if (last.scores.some(({ failures }) => failures.length > 0)) process.exitCode = 1
  } finally {
    await store?.close()
    await provider.close()
  }
}

function openStore({ store: folder }: Options): Store | undefined {
  const store = folder === undefined ? undefined : Store.open(folder)
  return store?.on('degraded', ({ message }) => console.error(message))
}

async function runTwice(run: (label: string) => Promise<RunSummary>): Promise<RunSummary> {
  const cold = await run('cold')
  console.log(`\n${runReport('Cold run', cold)}`)
  // With nothing in the cache, another run would be the same again.
  if (cold.scores.every(({ correct, wrong }) => correct + wrong === 0)) return cold
  const warm = await run('warm')
  console.log(`\n${comparison(cold, warm)}`)
  return warm
}

async function runOnce(run: (label: string) => Promise<RunSummary>, cache: ResponseCache): Promise<RunSummary> {
  const summary = await run('run')
  // A disk that is full costs the next run money, but this one not its report.
  await cache.flush().catch((error) => console.error(error.message))
  console.log(`\n${runReport('Scores', summary)}\n\n${storeReport(summary, cache.getStats())}`)
  return summary
}

main().catch((error) => {
  const isExpected =
    error instanceof UsageError || (error instanceof PerformanceError && error.code === 'ERR_REPLAY_MISS')
  console.error(isExpected ? error.message : error)
  process.exitCode = 1
})
