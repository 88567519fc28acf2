// Measuring a scorer against simpler ones, comparing two of them, and measuring a cache.

import { join } from 'node:path'
import { Benchmark, BenchmarkSuite, benchmarkCache, LRUCache } from '@aah/ai-evals-performance'
import { loadDataset } from './evaluate/dataset.ts'
import { isCorrect } from './evaluate/score.ts'
import { count } from './format.ts'
import { solve } from './model-server/answers.ts'

const dataset = loadDataset(join(__dirname, 'datasets/arithmetic.jsonl'))
const answers = dataset.map((row) => solve(row, 'local-small', 0.82, 1))

/** The share of answers that a scorer accepts. */
function accuracy(scorer: (text: string, expected: number) => boolean): number {
  let accepted = 0
  for (const [index, { answer }] of dataset.entries()) if (scorer(answers[index] as string, answer)) accepted++
  return accepted / dataset.length
}

const contains = (text: string, expected: number) => text.includes(String(expected))
const lastWord = (text: string, expected: number) => text.split(' ').at(-1) === String(expected)

async function main(): Promise<void> {
  const shares = { contains: accuracy(contains), 'last-word': accuracy(lastWord), 'final-number': accuracy(isCorrect) }
  console.log('What three scorers accept of the same answers:')
  for (const [name, share] of Object.entries(shares)) console.log(`  ${name.padEnd(13)}${(share * 100).toFixed(1)} %`)
  console.log()

  // One call takes a microsecond or so: the benchmark repeats it until the clock can tell.
  const answer = answers[0] as string
  const settings = { description: 'One answer', iterations: 20_000 }
  const benchmark = new Benchmark()
  const last = benchmark.runSync({ name: 'last-word', ...settings }, () => lastWord(answer, 150))
  const final = benchmark.runSync({ name: 'final-number', ...settings }, () => isCorrect(answer, 150))

  Benchmark.print(final)
  console.log()
  Benchmark.printComparison(benchmark.compare(last, final))
  console.log()

  // What matters in practice is a whole dataset.
  const suite = new BenchmarkSuite()
    .add({ name: 'contains', iterations: 100 }, async () => accuracy(contains))
    .add({ name: 'last-word', iterations: 100 }, async () => accuracy(lastWord))
    .add({ name: 'final-number', iterations: 100 }, async () => accuracy(isCorrect))
  BenchmarkSuite.printSummary(await suite.run())
  console.log()

  const { reads, writes, stats } = await benchmarkCache(new LRUCache<string>({ maxSize: 1000 }), 10_000)
  Benchmark.print(reads)
  console.log()
  Benchmark.print(writes)
  console.log(`\nThe cache held ${count(stats.entries)} entries and evicted ${count(stats.evictions)}.`)
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
