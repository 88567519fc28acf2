import type { RateLimiter } from '../limiter/rate-limiter.ts'
import type { Milliseconds } from '../units.ts'
import type { Job } from './job.ts'
import type { Queue } from './queue.ts'
import { Ring } from './ring.ts'

/** The tasks of all runs that are under the same limits, in the order in which they may start. */
export class Lane {
  readonly key: string
  /** Its number in the native execution. */
  readonly id: number
  /** Whose limits they are, where not the executor's own. */
  readonly limiter: RateLimiter | undefined
  /** Runs that have something to start; nobody overtakes the one in front, so a large task is not starved by small ones. */
  readonly #line = new Ring<Queue>()
  /** Tasks whose time for another attempt has come. */
  readonly #due = new Ring<Job>()
  /** Tasks that failed and have not started again. */
  backingOff = 0
  /** Whether the gate has it among those that may start something. */
  isInTurn = false
  /** Whether its limits refused its first task, and nothing has happened since that could change that. */
  isBlocked = false
  /** When they may be asked again; `Infinity` where that does not depend on time. */
  until: Milliseconds = 0
  /** Whether the native execution takes it for one that waits. */
  isWaiting = false
  /** Whether it hears of what others do to its limiter. */
  isListening = false

  constructor(key: string, id: number, limiter: RateLimiter | undefined) {
    this.key = key
    this.id = id
    this.limiter = limiter
  }

  /** The task to start next, where there is one. */
  first(mostBackingOff: number): Job | undefined {
    if (this.#due.length > 0) return this.#due.first
    return this.backingOff < mostBackingOff ? this.#line.first?.head : undefined
  }

  get isEmpty(): boolean {
    return this.#due.length === 0 && this.#line.length === 0
  }

  /** `queue` has something to start. */
  join(queue: Queue): void {
    if (queue.isInLine) return
    queue.isInLine = true
    this.#line.push(queue)
  }

  /** `job` may have another attempt: before all that have had none. */
  returnTo(job: Job): void {
    this.#due.push(job)
  }

  /** Removes the first task. Its run goes to the back of the line. */
  shift(job: Job): void {
    if (job === this.#due.first) {
      this.#due.shift()
      this.backingOff--
      return
    }
    const { queue } = job
    queue.shift()
    if (queue.head !== undefined && this.#line.length === 1) return
    this.#line.shift()
    queue.isInLine = queue.head !== undefined
    if (queue.isInLine) this.#line.push(queue)
  }

  /** A task that waits for another attempt is given up. */
  giveUp(job: Job): void {
    this.backingOff--
    this.#due.remove(job)
  }

  /** A run has ended. */
  leave(queue: Queue): void {
    this.#line.remove(queue)
    queue.isInLine = false
  }

  /** Runs that may find something of another key to start meanwhile. */
  get line(): Iterable<Queue> {
    return this.#line
  }
}
