import {
  columns,
  formatBytes,
  formatChange,
  formatCount,
  formatDuration,
  formatPercent,
  pad,
  shorten,
} from '../format.ts'
import type { BenchmarkComparison, BenchmarkResult, BenchmarkSuiteResult } from './types.ts'

const WIDTH = 80
const INDENT = '  '

/** What `Benchmark.print` prints. */
export function resultLines(result: BenchmarkResult): string[] {
  const { minDuration, maxDuration, memoryUsage: memory } = result
  const rows: [string, string][] = [
    ['mean', `${formatDuration(result.avgDuration)} ± ${formatDuration(result.stdDeviation)}`],
    ['median', formatDuration(result.medianDuration)],
    ['range', `${formatDuration(minDuration)} … ${formatDuration(maxDuration)}`],
    ['p95', formatDuration(result.p95Duration)],
    ['p99', formatDuration(result.p99Duration)],
    ['throughput', formatRate(result.throughput)],
    ['measured', `${calls(result.iterations)} in ${formatDuration(result.totalDuration)}${batches(result.samples)}`],
  ]
  if (memory) {
    const delta = `${memory.delta > 0 ? '+' : ''}${formatBytes(memory.delta)}`
    rows.push(['heap', `${delta} (${formatBytes(memory.before)} → ${formatBytes(memory.after)})`])
  }
  const description = result.description ? [INDENT + shorten(result.description, WIDTH - INDENT.length)] : []
  return [shorten(result.name, WIDTH), ...description, '', ...rows.map(([label, value]) => row([label, value], [10]))]
}

/** What `Benchmark.printComparison` prints. */
export function comparisonLines({ baseline, current, verdict, significance }: BenchmarkComparison): string[] {
  const cells: string[][] = [['', 'baseline', 'current', 'change']]
  const compare = (label: string, format: (value: number) => string, of: (result: BenchmarkResult) => number) => {
    const [before, after] = [of(baseline), of(current)]
    // A share of nothing, or of memory that shrank, says nothing.
    const change = before > 0 ? formatChange((after / before - 1) * 100) : ''
    cells.push([label, format(before), format(after), change])
  }
  compare('mean', formatDuration, (result) => result.avgDuration)
  compare('median', formatDuration, (result) => result.medianDuration)
  compare('p95', formatDuration, (result) => result.p95Duration)
  compare('p99', formatDuration, (result) => result.p99Duration)
  compare('deviation', formatDuration, (result) => result.stdDeviation)
  compare('throughput', formatRate, (result) => result.throughput)
  if (baseline.memoryUsage && current.memoryUsage) {
    compare('heap growth', formatBytes, (result) => result.memoryUsage?.delta ?? 0)
  }
  cells.push(['calls', formatCount(baseline.iterations), formatCount(current.iterations), ''])
  return [
    ...comparisonTitle(baseline, current),
    INDENT + conclusion(verdict, significance, baseline, current),
    '',
    ...table(cells),
  ]
}

function comparisonTitle(baseline: BenchmarkResult, current: BenchmarkResult): string[] {
  if (baseline.name === current.name) return [shorten(current.name, WIDTH)]
  const half = WIDTH / 2 - 4
  const both = `${shorten(current.name, half)} against ${shorten(baseline.name, half)}`
  return [shorten(both, WIDTH)]
}

function conclusion(
  verdict: BenchmarkComparison['verdict'],
  significance: BenchmarkComparison['significance'],
  baseline: BenchmarkResult,
  current: BenchmarkResult,
): string {
  if (verdict === 'similar') return 'similar: no difference of 5% or more is proven'
  const percent = Math.abs((current.avgDuration - baseline.avgDuration) / baseline.avgDuration) * 100
  const time = verdict === 'faster' ? 'less time' : 'more time'
  return `${verdict}: ${formatPercent(percent)} ${time} per call (${significance})`
}

/** What `BenchmarkSuite.printSummary` prints. */
export function suiteLines(suite: BenchmarkSuiteResult): string[] {
  const { summary, benchmarks } = suite
  const many = summary.totalBenchmarks === 1 ? '1 benchmark' : `${formatCount(summary.totalBenchmarks)} benchmarks`
  const heading = `${many} in ${formatDuration(summary.totalDuration)}`
  const cells = benchmarks.map((result) => [
    result.name,
    formatDuration(result.avgDuration),
    formatDuration(result.medianDuration),
    formatDuration(result.p95Duration),
    formatRate(result.throughput),
  ])
  const labels = [
    ['fastest', summary.fastestBenchmark],
    ['slowest', summary.slowestBenchmark],
    ['mean throughput', formatRate(summary.avgThroughput)],
  ]
  return [
    shorten(suite.name, WIDTH),
    INDENT + heading,
    '',
    ...(cells.length === 0 ? [] : [...table([['benchmark', 'mean', 'median', 'p95', 'throughput'], ...cells]), '']),
    ...labels.map((cells) => row(cells, [15])),
  ]
}

function calls(count: number): string {
  return count === 1 ? '1 call' : `${formatCount(count)} calls`
}

function batches(count: number | undefined): string {
  if (count === undefined) return ''
  return count === 1 ? ', timed as one batch' : `, timed in ${formatCount(count)} batches`
}

function formatRate(perSecond: number): string {
  return `${formatCount(perSecond)} /s`
}

/** Rows of cells, the first column at the left and cut to the room that is left, the others at the right. */
function table(cells: string[][]): string[] {
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => columns(row[column] ?? ''))))
  const others = widths.slice(1).reduce((sum, width) => sum + 3 + width, 0)
  const first = Math.max(8, Math.min(widths[0] ?? 0, WIDTH - INDENT.length - others))
  return cells.map((cells) => row(cells, [first, ...widths.slice(1)], 'right'))
}

function row(
  [first = '', ...rest]: string[],
  [width = 0, ...widths]: number[],
  align: 'left' | 'right' = 'left',
): string {
  const cells = rest.map((cell, column) => pad(cell, widths[column] ?? 0, align))
  const line = [pad(shorten(first, width), width), ...cells].join('   ').trimEnd()
  const room = WIDTH - INDENT.length
  return INDENT + (columns(line) > room ? shorten(line, room) : line)
}
