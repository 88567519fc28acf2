import { LONGEST_TIMEOUT, wrongType } from '../arguments.ts'
import type { Milliseconds } from '../units.ts'
import { Context } from './context.ts'
import type { Job } from './job.ts'
import type { ExecutorFunction } from './types.ts'

/** Who is told how an attempt ended. Neither happens where it was given up before. */
export interface AttemptEnds {
  succeeded(job: Job, result: any): void
  failed(job: Job, thrown: unknown): void
}

/** Calls the user's function for the attempt that `job.context` is, and tells `ends` what came of it, never at once. */
export function makeAttempt(job: Job, executor: ExecutorFunction, timeout: Milliseconds, ends: AttemptEnds): void {
  const context = job.context as Context
  if (timeout <= LONGEST_TIMEOUT) {
    // Keeps the process alive, because somebody awaits the run and nothing else may.
    job.timer = globalThis.setTimeout(() => timeOut(job, context, timeout, ends), Math.ceil(timeout))
  }
  let answer: unknown
  try {
    answer = executor(job.task, context)
  } catch (thrown) {
    answer = Promise.reject(thrown)
  }
  void watch(job, context, answer, ends)
}

async function watch(job: Job, context: Context, answer: unknown, ends: AttemptEnds): Promise<void> {
  let result: unknown
  try {
    result = await answer
    if (result === undefined || result === null) throw wrongType('executor(task)', 'a result', result)
  } catch (thrown) {
    // What a given-up attempt still says is ignored.
    if (job.context === context) ends.failed(job, thrown)
    return
  }
  if (job.context === context) ends.succeeded(job, result)
}

function timeOut(job: Job, context: Context, timeout: Milliseconds, ends: AttemptEnds): void {
  const reason = new DOMException(`The attempt took longer than ${timeout} ms`, 'TimeoutError')
  job.timer = undefined
  ends.failed(job, reason)
  Context.abandon(context, reason)
}
