import { PerformanceError } from '../errors.ts'
import type { Explanation } from './explanation.ts'

/** Code `ERR_REPLAY_MISS`: a cache in mode `replay` was asked for what is not stored. */
export class ReplayMissError extends PerformanceError {
  /** What is stored instead; the message says the same. */
  readonly explanation: Explanation

  constructor(message: string, explanation: Explanation) {
    super('ERR_REPLAY_MISS', message)
    this.explanation = explanation
  }
}
