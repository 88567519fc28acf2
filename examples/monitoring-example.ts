// Timing the parts of an evaluation, finding what holds it up, and noticing when a part becomes slower.

import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { performanceMonitor } from '@aah/ai-evals-performance'
import { loadDataset, type Question } from './evaluate/dataset.ts'
import { isCorrect } from './evaluate/score.ts'
import { count, duration, table, wrap } from './format.ts'
import { solve } from './model-server/answers.ts'

const file = join(__dirname, 'datasets/arithmetic.jsonl')

/** A small evaluation; a `slowScorer` takes two milliseconds longer for each answer. */
async function evaluate(dataset: Question[], slowScorer = false): Promise<number> {
  // Calls that overlap are each timed by themselves, though they share a name.
  const answers = await Promise.all(
    dataset.map((row) =>
      performanceMonitor.measure('runner-execution', async () => {
        await delay(20)
        return solve(row, 'local-small', 0.82, 1)
      }),
    ),
  )

  let correct = 0
  for (const [index, row] of dataset.entries()) {
    const right = await performanceMonitor.measure('scoring', async () => {
      if (slowScorer) await delay(2)
      return isCorrect(answers[index] as string, row.answer)
    })
    if (right) correct++
  }
  return correct / dataset.length
}

async function main(): Promise<void> {
  performanceMonitor.on('baseline-set', ({ id }) => console.log(`Baseline ${id} is set.\n`))
  await evaluate(loadDataset(file)) // The first run also pays for loading and compiling the code.
  performanceMonitor.reset()

  performanceMonitor.start('dataset-loading')
  const dataset = loadDataset(file)
  performanceMonitor.end('dataset-loading')
  const accuracy = await evaluate(dataset)
  const report = performanceMonitor.generateReport()
  console.log(`Accuracy ${(accuracy * 100).toFixed(1)} %; ${report.summary.totalCalls} calls were timed.\n`)
  const rows = report.components.map((timing) => [
    timing.component,
    String(timing.totalCalls),
    ...[timing.avgDuration, timing.p50Duration, timing.p95Duration, timing.p99Duration].map(duration),
  ])
  console.log(`${table(['component', 'calls', 'mean', 'p50', 'p95', 'p99'], rows)}\n`)

  for (const { component, severity, percentOfTotal, recommendation } of performanceMonitor.identifyBottlenecks()) {
    const share = `${percentOfTotal.toFixed(1)} % of the time`
    console.log(`${wrap(`Bottleneck (${severity}): ${component}, ${share}. ${recommendation}`)}\n`)
  }

  performanceMonitor.setBaseline('fast-scorer')
  performanceMonitor.reset()
  await evaluate(dataset, true)
  console.log('After a change that made the scorer slow:')
  const regressions = performanceMonitor.detectRegressions('fast-scorer', { critical: 500, major: 200, minor: 100 })
  for (const regression of regressions) {
    const { component, severity, percentChange, baselineDuration, currentDuration } = regression
    const change = `${duration(baselineDuration)} → ${duration(currentDuration)}`
    console.log(`  ${component} (${severity}): ${count(percentChange)} % slower, ${change} a call`)
  }
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
