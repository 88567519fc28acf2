import { PerformanceError } from '../errors.ts'
import {
  type EarlierStarts,
  Journal,
  type JournalOptions,
  type RecordedOutcome,
  type TaskIdentity,
} from '../journal/journal.ts'
import type { Job } from './job.ts'
import type { Use } from './token-use.ts'
import type { ExecutionResult, ExecutionTask } from './types.ts'

/** What a run and its journal tell each other. */
export class Recorder {
  readonly #journal: Journal
  /** Of tasks in flight: the number of their start, and what was reserved for it. */
  readonly #starts = new Map<Job, { readonly sequence: number; readonly reserved: Float64Array }>()
  /** Of tasks that have started, by their indexes: what they were before. */
  readonly #identities = new Map<number, TaskIdentity>()
  #sequence = 0
  /** What is known of a list, which is compared as a whole before anything starts. */
  #listed: (RecordedOutcome | undefined)[] | undefined

  constructor(options: string | JournalOptions) {
    this.#journal = Journal.open(options)
  }

  /** Throws where the list is not the one that was recorded. */
  compare(tasks: readonly ExecutionTask[]): void {
    this.#listed = tasks.map((task, index) => this.#journal.findOutcome(task, index))
  }

  /** How the task ended, if it ended well. Throws where another one was recorded at its place. */
  find(task: ExecutionTask, index: number): RecordedOutcome | undefined {
    return this.#listed === undefined ? this.#journal.findOutcome(task, index) : this.#listed[index]
  }

  /** Starts of an earlier process that still count. */
  get earlierStarts(): EarlierStarts[] {
    return this.#journal.earlierStarts(Date.now())
  }

  /** The request of `job` is about to go out. */
  started(job: Job, reserved: Float64Array): void {
    const sequence = this.#sequence++
    this.#starts.set(job, { sequence, reserved })
    if (job.attempt === 1) this.#identities.set(job.index, this.#journal.identify(job.task))
    this.#journal.started(job.queue.lane.key, sequence, reserved)
  }

  /** `job` was answered. What it did not say counts as it was reserved. */
  settled(job: Job, { tokens, inputTokens, outputTokens }: Use): void {
    const start = this.#starts.get(job)
    if (start === undefined) return
    const used = [1, tokens, inputTokens, outputTokens]
    const known = start.reserved.map((reserved, place) => {
      const count = used[place] ?? Number.NaN
      return Number.isNaN(count) ? reserved : count
    })
    this.#journal.settled(start.sequence, known)
    this.#starts.delete(job)
  }

  /** `job` was not answered, or nobody knows: what was reserved goes on counting. */
  left(job: Job): void {
    this.#starts.delete(job)
  }

  /** Before anybody hears of the outcome. Returns why the run has to stop, if it has to. */
  record(index: number, outcome: ExecutionResult): PerformanceError | undefined {
    this.#journal.record(outcome.task, index, outcome, this.#identities.get(index))
    this.#identities.delete(index)
    return this.#journal.trouble
  }

  /** Resolves when everything is on the disk and the journal can be opened again, or to the reason why it is not. */
  async close(): Promise<PerformanceError | undefined> {
    try {
      await this.#journal.close()
      return this.#journal.trouble
    } catch (failure) {
      return failure instanceof PerformanceError ? failure : new PerformanceError('ERR_JOURNAL_IO', String(failure))
    }
  }
}
