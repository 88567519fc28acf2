import type { Milliseconds } from '../units.ts'
import type { Context } from './context.ts'
import type { Queue } from './queue.ts'
import type { ExecutionTask } from './types.ts'

/** Tokens that a task is expected to use; `NaN` where that is not known. */
export interface Demand {
  readonly tokens: number
  readonly inputTokens: number
  readonly outputTokens: number
}

/** Nothing is known but the length of the question. */
export const UNKNOWN_DEMAND: Demand = { tokens: Number.NaN, inputTokens: Number.NaN, outputTokens: Number.NaN }

/** A task of a run, from when it was read until it has ended. */
export class Job {
  readonly task: ExecutionTask
  readonly index: number
  /** As it was when the task was given. */
  readonly priority: number
  readonly queue: Queue
  readonly demand: Demand
  readonly inputCharacters: number
  /** The number of its last attempt. */
  attempt = 0
  /** The attempt that its outcome is awaited of; none while it waits, and once it was given up. */
  context: Context | undefined = undefined
  permit = -1
  /** Where the run keeps it while it is in flight or waits for its next attempt. */
  place = -1
  begun: Milliseconds = 0
  /** Of earlier attempts. */
  spent: Milliseconds = 0
  /** Whether its wait has been told of. */
  isAnnounced = false
  /** Ends the attempt, or the wait for the next. */
  timer: ReturnType<typeof setTimeout> | undefined = undefined

  constructor(task: ExecutionTask, index: number, queue: Queue, demand: Demand, inputCharacters: number) {
    this.task = task
    this.index = index
    this.priority = task.priority ?? 0
    this.queue = queue
    this.demand = demand
    this.inputCharacters = inputCharacters
  }

  clearTimer(): void {
    if (this.timer === undefined) return
    globalThis.clearTimeout(this.timer)
    this.timer = undefined
  }
}
