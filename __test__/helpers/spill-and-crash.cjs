// Puts test cases on disk, tells which deleted files it has open, and dies by the signal that nothing can catch.

const { readdirSync, readlinkSync, writeSync } = require('node:fs')
const { BatchProcessor } = require('@aah/ai-evals-performance')

function openDeletedFiles() {
  if (process.platform !== 'linux') return []
  const targets = readdirSync('/proc/self/fd').map((handle) => {
    try {
      return readlinkSync(`/proc/self/fd/${handle}`)
    } catch {
      return '' // The handle that lists the folder is closed by now.
    }
  })
  return targets.filter((target) => target.endsWith(' (deleted)'))
}

const processor = new BatchProcessor({ maxMemory: 10_000 })
for (let id = 0; id < 1_000; id++) processor.addTestCase({ id: String(id), input: 'x'.repeat(1_000), expected: id })
const { itemsBuffered, memoryUsage } = processor.getStats()
writeSync(
  1,
  JSON.stringify({ itemsBuffered, memoryUsage, open: openDeletedFiles(), error: processor.spillError?.code }),
)
process.kill(process.pid, 'SIGKILL')
