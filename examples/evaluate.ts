// A whole evaluation: reads a dataset, asks a model through the rate-limited executor, caches what it answers, scores
// it, and reports; then does it all again with a warm cache. `npx tsx examples/evaluate.ts --help` lists the options.

import { cacheManager, ParallelExecutor, ResponseCache } from '@aah/ai-evals-performance'
import { loadDataset } from './evaluate/dataset.ts'
import { openProvider } from './evaluate/model.ts'
import { HELP, parseOptions } from './evaluate/options.ts'
import { ProgressLine } from './evaluate/progress.ts'
import { comparison, introduction, runReport } from './evaluate/report.ts'
import { runEvaluation } from './evaluate/run.ts'
import { UsageError } from './evaluate/usage-error.ts'

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) return console.log(HELP)
  const questions = loadDataset(options.dataset, options.limit)
  const provider = await openProvider(options, questions)
  try {
    const { requestsPerMinute, tokensPerMinute, concurrency } = options
    const executor = new ParallelExecutor({ concurrency, rateLimit: { requestsPerMinute, tokensPerMinute } })
    // The default holds 500 responses; the second run is only free if every one is still there.
    cacheManager.responseCache = new ResponseCache({ maxSize: questions.length * provider.models.length })

    const run = async (label: string) => {
      const progress = new ProgressLine(label)
      const showWait = ({ waitTime }: { waitTime: number }) => progress.throttled(waitTime)
      executor.on('throttle', showWait)
      try {
        return await runEvaluation(options, provider, executor, progress)
      } finally {
        progress.end()
        executor.off('throttle', showWait)
      }
    }

    console.log(introduction(options, provider.description, questions.length))
    const cold = await run('cold')
    console.log(`\n${runReport('Cold run', cold)}`)
    // With nothing in the cache, another run would be the same again.
    const answered = cold.scores.some(({ correct, wrong }) => correct + wrong > 0)
    const warm = answered ? await run('warm') : cold
    if (answered) console.log(`\n${comparison(cold, warm)}`)
    if (warm.scores.some(({ failures }) => failures.length > 0)) process.exitCode = 1
  } finally {
    await provider.close()
  }
}

main().catch((error) => {
  console.error(error instanceof UsageError ? error.message : error)
  process.exitCode = 1
})
