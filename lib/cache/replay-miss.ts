import { PerformanceError } from '../errors.ts'

/** The error of a request that is not stored, where nothing else may answer it. */
export function replayMiss(request: string): PerformanceError {
  return new PerformanceError(
    'ERR_REPLAY_MISS',
    `Nothing is stored for this request, and mode \`replay\` calls nothing: ${request}`,
  )
}
