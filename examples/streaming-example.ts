// Processing more test cases than should be in memory at once: in batches, with backpressure, and with the results
// written as they come.

import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BatchProcessor, DatasetStream, ResultWriter, type TestCase } from '@aah/ai-evals-performance'
import { loadDataset } from './evaluate/dataset.ts'
import { isCorrect } from './evaluate/score.ts'
import { count, duration, percent } from './format.ts'
import { solve } from './model-server/answers.ts'

const REPETITIONS = 20

/** Every question of the dataset, asked of twenty models. */
function* testCases(): Generator<TestCase> {
  const dataset = loadDataset(join(__dirname, 'datasets/arithmetic.jsonl'))
  for (let model = 1; model <= REPETITIONS; model++) {
    for (const { id, question, answer, check } of dataset) {
      yield { id: `${id}/${model}`, input: { question, answer, check, model: `model-${model}` }, expected: answer }
    }
  }
}

async function run({ id, input, expected }: TestCase) {
  const solution = solve(input, input.model, 0.82, 1)
  return { id, actual: solution, correct: isCorrect(solution, expected) }
}

async function main(): Promise<void> {
  // Only 1,000 test cases wait in memory; the others wait on disk, and none is lost.
  const processor = new BatchProcessor({ batchSize: 50, bufferSize: 1000, maxMemory: 100 * 1024 * 1024 })
  for (const testCase of testCases()) processor.addTestCase(testCase)

  const folder = await mkdtemp(join(tmpdir(), 'streaming-example-'))
  const file = join(folder, 'results.jsonl')
  const writer = new ResultWriter<object>({ batchSize: 500 })
  const save = (results: object[]) => appendFile(file, results.map((result) => `${JSON.stringify(result)}\n`).join(''))

  let batches = 0
  const results = await processor.processAll(async (batch) => {
    batches++
    const finished = await Promise.all(batch.map(run))
    await writer.writeMany(finished, save)
    return finished
  })
  await writer.flush(save)

  const { itemsProcessed, avgProcessingTime, throughput, backpressureEvents } = processor.getStats()
  const correct = results.filter((result) => result.correct).length
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n').length
  console.log(`${count(itemsProcessed)} test cases in ${batches} batches, ${duration(avgProcessingTime)} each:`)
  console.log(`${count(throughput)} a second, ${percent(correct / results.length)} correct.`)
  console.log(`Backpressure was signalled ${count(backpressureEvents)} times.`)
  console.log(`${count(lines)} results were written in ${writer.getStats().flushes} flushes.\n`)
  await rm(folder, { recursive: true })

  // A stream refuses what it cannot hold: process what it has, then offer the item again.
  const stream = new DatasetStream<TestCase>({ batchSize: 100, bufferSize: 500 })
  let refusals = 0
  let accepted = 0
  const score = (batch: TestCase[]) => Promise.all(batch.map(run))
  const drain = async () => {
    for (const { correct } of await stream.process(score)) if (correct) accepted++
  }
  for (const testCase of testCases()) {
    if (stream.push(testCase)) continue
    refusals++
    await drain()
    stream.push(testCase)
  }
  await drain()
  console.log(`A stream of 500 places was full ${refusals} times and still processed`)
  console.log(`${count(stream.getStats().itemsProcessed)} test cases, ${count(accepted)} of them correct.`)
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
