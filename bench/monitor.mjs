// What a measurement costs, held against the two clock readings it cannot do without.
// Run: node --expose-gc bench/monitor.mjs

import { PerformanceMonitor } from '@aah/ai-evals-performance'
import { bench, do_not_optimize, run } from 'mitata'

const monitor = new PerformanceMonitor()
const heard = new PerformanceMonitor()
heard.on('end', do_not_optimize)
const nothing = () => {}
const nothingAsync = async () => {}

const CLOCK = 'two performance.now()'
bench(CLOCK, () => {
  const start = performance.now()
  do_not_optimize(performance.now() - start)
})
bench('start and end', () => {
  monitor.start('start and end')
  monitor.end('start and end')
})
bench('start and end, ten components', function* () {
  const names = Array.from({ length: 10 }, (_, index) => `component ${index}`)
  let next = 0
  yield () => {
    const name = names[next++ % 10]
    monitor.start(name)
    monitor.end(name)
  }
})
bench('measureSync', () => monitor.measureSync('measureSync', nothing))
bench('measureSync with a listener', () => heard.measureSync('measureSync', nothing))
bench('await an async function', async () => await nothingAsync())
bench('await measure', async () => await monitor.measure('measure', nothingAsync))

const { benchmarks } = await run()
const nanoseconds = new Map(benchmarks.map(({ alias, runs }) => [alias, runs[0].stats.p50]))
const clock = nanoseconds.get(CLOCK)
console.log('\nmedian, and its ratio to two clock readings')
for (const [name, median] of nanoseconds) {
  console.log(`${name.padEnd(40)} ${median.toFixed(0).padStart(6)} ns ${(median / clock).toFixed(2).padStart(6)} ×`)
}
