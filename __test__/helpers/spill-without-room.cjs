// Runs more test cases than the disk has room for, and tells what came of them.

const { BatchProcessor, ResultWriter } = require('@aah/ai-evals-performance')

async function main() {
  const config = { maxMemory: 10_000, batchSize: 7 }
  const processor = new BatchProcessor(config)
  const writer = new ResultWriter({ ...config, batchSize: 1_000_000 })
  const written = []
  const write = async (results) => void written.push(...results.map((result) => result.actual))
  for (let id = 0; id < 1_000; id++) {
    processor.addTestCase({ id: String(id), input: 'x'.repeat(1_000), expected: id })
    await writer.write({ actual: id, text: 'x'.repeat(1_000) }, write)
  }
  const { code, message } = processor.spillError ?? {}
  const results = await processor.processAll(async (batch) => batch.map(({ expected }) => ({ actual: expected })))
  await writer.flush(write)
  console.log(
    JSON.stringify({
      code,
      message,
      writerCode: writer.spillError?.code,
      processed: results.map(({ actual }) => actual),
      written,
      buffered: [processor.getStats().itemsBuffered, writer.getStats().itemsBuffered],
    }),
  )
}

main()
