import { checkFunction, checkObject, checkString, integerOption, wrongType } from '../arguments.ts'
import type { BenchmarkConfig } from './types.ts'

/** A checked configuration with its defaults filled in. */
export type Settings = Required<Omit<BenchmarkConfig, 'description'>> & Pick<BenchmarkConfig, 'description'>

/** Checks what a benchmark is given, before anything is called or changed. */
export function settings(config: BenchmarkConfig, fn: unknown, iterations: number, warmupIterations: number): Settings {
  checkObject('config', config)
  const { name, description, parallel = false } = config
  checkString('name', name)
  if (description !== undefined) checkString('description', description)
  if (typeof parallel !== 'boolean') throw wrongType('parallel', 'a boolean', parallel)
  checkFunction('fn', fn)
  return {
    name,
    description,
    parallel,
    iterations: integerOption('iterations', config.iterations, iterations),
    warmupIterations: integerOption('warmupIterations', config.warmupIterations, warmupIterations, 0),
    concurrency: integerOption('concurrency', config.concurrency, 10),
  }
}
