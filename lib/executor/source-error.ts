import { PerformanceError } from '../errors.ts'
import type { ExecutionResult } from './types.ts'

/**
 * Code `ERR_SOURCE`: the iterable that was to give the tasks failed. `cause` is its error; every task that it gave
 * before has been run, and its outcome is in `results`.
 */
export class SourceError extends PerformanceError {
  readonly results: ExecutionResult[]

  constructor(cause: unknown, results: ExecutionResult[], given = results.length) {
    super('ERR_SOURCE', `The source of the tasks failed after ${given} of them; see \`cause\``, { cause })
    this.results = results
  }
}
