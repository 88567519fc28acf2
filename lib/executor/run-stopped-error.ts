import { PerformanceError } from '../errors.ts'
import type { ExecutionResult } from './types.ts'

/**
 * A run that ended before its tasks did: code `ERR_ABORTED` (then its name is `AbortError` and `cause` the signal's
 * reason), `ERR_TOO_MANY_ERRORS`, or a code of the journal. What had ended, and was not taken from the run's iterator
 * before, is in `results`, in the order of the tasks. Tasks in flight were given up.
 */
export class RunStoppedError extends PerformanceError {
  readonly results: ExecutionResult[]

  constructor(code: string, message: string, cause: unknown, results: ExecutionResult[]) {
    super(code, message, cause === undefined ? undefined : { cause })
    if (code === 'ERR_ABORTED') this.name = 'AbortError'
    this.results = results
  }
}

export function abortion({ reason }: AbortSignal, results: ExecutionResult[]): RunStoppedError {
  return new RunStoppedError('ERR_ABORTED', 'The run was aborted; see `cause`', reason, results)
}

export function tooManyErrors(failed: number, cause: unknown, results: ExecutionResult[]): RunStoppedError {
  const message = `${failed} tasks have failed, as many as \`maxErrors\` allows; \`cause\` is the last failure`
  return new RunStoppedError('ERR_TOO_MANY_ERRORS', message, cause, results)
}

/** The journal cannot go on; its error says why. */
export function journalFailure(failure: unknown, results: ExecutionResult[]): unknown {
  if (!(failure instanceof PerformanceError)) return failure
  return new RunStoppedError(failure.code, failure.message, failure, results)
}
