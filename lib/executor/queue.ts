import type { Job } from './job.ts'
import type { Lane } from './lane.ts'
import { ReadyTasks } from './ready-tasks.ts'
import type { Run } from './run.ts'

/** The tasks of one run that wait in one lane: the highest priority first, behind the one that is in front already. */
export class Queue {
  readonly run: Run
  readonly lane: Lane
  /** The one to start next: it stays in front, whatever comes. */
  head: Job | undefined = undefined
  /** Whether the lane has it in its line. */
  isInLine = false
  readonly #ready = new ReadyTasks<Job>()

  constructor(run: Run, lane: Lane) {
    this.run = run
    this.lane = lane
  }

  add(job: Job): void {
    if (this.head === undefined) this.head = job
    else this.#ready.add(job)
  }

  /** Removes the head. */
  shift(): void {
    this.head = this.#ready.take()
  }
}
