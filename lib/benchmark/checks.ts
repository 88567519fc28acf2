// What the functions that take results ask of them: enough to tell a result from anything else.

import { wrongType } from '../arguments.ts'
import type { BenchmarkComparison, BenchmarkResult, BenchmarkSuiteResult } from './types.ts'

export function checkResult(name: string, value: unknown): asserts value is BenchmarkResult {
  const { avgDuration } = part<BenchmarkResult>(name, 'a benchmark result', value)
  if (typeof avgDuration !== 'number') throw wrongType(`${name}.avgDuration`, 'a number', avgDuration)
}

export function checkComparison(name: string, value: unknown): asserts value is BenchmarkComparison {
  const { baseline, current } = part<BenchmarkComparison>(name, 'a comparison', value)
  checkResult(`${name}.baseline`, baseline)
  checkResult(`${name}.current`, current)
}

export function checkSuite(name: string, value: unknown): asserts value is BenchmarkSuiteResult {
  const { benchmarks, summary } = part<BenchmarkSuiteResult>(name, "a suite's result", value)
  if (!Array.isArray(benchmarks)) throw wrongType(`${name}.benchmarks`, 'an array of benchmark results', benchmarks)
  for (let index = 0; index < benchmarks.length; index++) checkResult(`${name}.benchmarks[${index}]`, benchmarks[index])
  part(`${name}.summary`, 'an object', summary)
}

function part<T>(name: string, expected: string, value: unknown): Partial<T> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(name, expected, value)
  return value
}
