import { LONGEST_TIMEOUT } from '../arguments.ts'
import type { EarlierStarts } from '../journal/journal.ts'
import { requestTooLarge } from '../limiter/limiter-errors.ts'
import { TimerClock } from '../limiter/timer-clock.ts'
import type { WaitReason } from '../limiter/types.ts'
import {
  type ExternalObject,
  executionBeginRun,
  executionBlock,
  executionDecided,
  executionEnd,
  executionEndRun,
  executionNew,
  executionProgress,
  executionRefusal,
  executionReserved,
  executionReset,
  executionSetConcurrency,
  executionStopWaiting,
  executionTryStart,
  type NativeExecution,
} from '../native.ts'
import type { Milliseconds } from '../units.ts'
import type { Figures } from './events.ts'
import type { Job } from './job.ts'
import type { Lane } from './lane.ts'
import { Lanes } from './lanes.ts'
import type { Queue } from './queue.ts'
import { Ring } from './ring.ts'
import type { Settings } from './settings.ts'
import type { Use } from './token-use.ts'
import type { AdaptiveDecision, DetailedExecutionMetrics } from './types.ts'

/** What the native execution answers instead of a permit. */
const REFUSED = -1
const TOO_LARGE = -2

/** How an attempt ended, as the limits see it. */
export const ENDING = { answered: 0, refused: 1, failed: 2, rateLimited: 3, givenUp: 4 } as const
/** Added to how it ended: the task is not over. */
export const AGAIN = 8

/** Which limit holds a task back, for how long at most, and how much of it is used. */
export interface Throttle {
  readonly reason: WaitReason
  readonly waitTime: Milliseconds
  readonly limit: number
  readonly current: number
}

/**
 * Lets tasks start when the native execution admits them. Lanes that have something to start take turns; one that was
 * refused is not asked again before its time has come or something has changed.
 *
 * Invariant: a lane is in `#turns` only if it is not blocked, and every lane that is not blocked and has a task is there.
 */
export class Gate {
  readonly clock = new TimerClock()
  readonly #native: ExternalObject<NativeExecution>
  readonly #lanes: Lanes
  #concurrency: number
  readonly #turns = new Ring<Lane>()
  #inFlight = 0
  #runs = 0
  #isAdmitting = false
  /** Lanes that the native execution takes for waiting ones. */
  #waiting = 0
  /** Lanes that are blocked until a certain time. */
  #timed = 0
  readonly #onAdapted: ((decisions: AdaptiveDecision[]) => void) | undefined
  /** Decisions of adaptive lanes that have been told of. */
  #told = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #timerAt = Number.POSITIVE_INFINITY

  /** `adapted` is told what adaptive lanes decide. */
  constructor(settings: Settings, adapted: (decisions: AdaptiveDecision[]) => void) {
    this.#onAdapted = settings.adaptive ? adapted : undefined
    this.#concurrency = settings.concurrency
    this.#native = executionNew(settings.concurrency)
    this.#lanes = new Lanes(this.#native, settings)
  }

  get hasRoom(): boolean {
    return this.#inFlight < this.#concurrency
  }

  get concurrency(): number {
    return this.#concurrency
  }

  /** The lane of `key`; throws what the user's function throws that says its limiter. */
  lane(key: string): Lane {
    return this.#lanes.of(key, () => this.clock.now())
  }

  /** Whether every task of these lanes has to wait for something else than a place. */
  areHeldBack(queues: Iterable<Queue>): boolean {
    for (const { lane, head } of queues) {
      if (head !== undefined && !lane.isBlocked && lane.backingOff < this.#concurrency) return false
    }
    return true
  }

  /** `queue` has something to start; nothing starts before `admit`. */
  join(queue: Queue): void {
    queue.lane.join(queue)
    this.#wake(queue.lane)
  }

  /** `job` may have another attempt; nothing starts before `admit`. */
  returnTo(job: Job): void {
    job.queue.lane.returnTo(job)
    // It goes before the one that was refused, and may be smaller.
    this.#unblock(job.queue.lane)
  }

  /**
   * Starts whatever may start. `now` is given where only code of ours has run since it was read. Callbacks may come back
   * here: then the loop that called them goes on anyway.
   */
  admit(now = Number.NaN): void {
    if (this.#isAdmitting) return
    this.#isAdmitting = true
    try {
      for (let lane = this.#turns.first; lane !== undefined && this.hasRoom; lane = this.#turns.first) {
        this.#admitOf(lane, Number.isNaN(now) ? this.clock.now() : now)
        now = Number.NaN
      }
      if (this.#waiting > 0) this.#leaveLines()
    } finally {
      this.#isAdmitting = false
    }
    if (this.#timer !== undefined && this.#timed === 0) this.#clearTimer()
    if (this.#onAdapted !== undefined) this.#tellAdapted(this.#onAdapted)
  }

  decisions(): AdaptiveDecision[] {
    return this.#lanes.decisions(this.clock.now())
  }

  /** An attempt of `job` has ended; nothing starts before `admit`. */
  end(job: Job, now: Milliseconds, ending: number, use: Use): void {
    const { lane } = job.queue
    executionEnd(this.#native, now, job.permit, ending, use.tokens, use.inputTokens, use.outputTokens, use.characters)
    this.#inFlight--
    if (lane.isBlocked) this.#unblock(lane)
    if (lane.limiter !== undefined && this.#waiting > 0) this.#unblockAll((other) => other.limiter === lane.limiter)
  }

  /** A provider asked for a pause. */
  block(lane: Lane, now: Milliseconds, pause: Milliseconds): void {
    executionBlock(this.#native, now, lane.id, pause)
  }

  /** What was reserved for a task that has started: requests, tokens, input tokens, output tokens. */
  reserved(permit: number): Float64Array {
    return executionReserved(this.#native, permit)
  }

  /** A run has ended before its tasks did. */
  forget(queues: Iterable<Queue>): void {
    const now = this.clock.now()
    for (const queue of queues) {
      const { lane } = queue
      lane.leave(queue)
      if (!lane.isEmpty) this.#unblock(lane)
      else if (lane.isBlocked || lane.isWaiting) {
        this.#unblock(lane)
        this.#stopWaiting(lane, now)
      }
    }
    if (this.#timed === 0) this.#clearTimer()
  }

  setLimits(settings: Settings): void {
    const now = this.clock.now()
    this.#concurrency = settings.concurrency
    executionSetConcurrency(this.#native, now, settings.concurrency)
    this.#lanes.setLimits(settings, now)
    this.#unblockAll()
    this.admit()
  }

  reset(): void {
    executionReset(this.#native, this.clock.now())
    this.#unblockAll()
    this.admit()
  }

  beginRun(): void {
    this.#runs++
    executionBeginRun(this.#native, this.clock.now())
  }

  endRun(): void {
    executionEndRun(this.#native, this.clock.now())
    if (--this.#runs === 0) this.#lanes.stopListening()
  }

  usage(key?: string) {
    return this.#lanes.usage(this.clock.now(), key)
  }

  progress(remaining: number): Figures {
    return executionProgress(this.#native, this.clock.now(), remaining)
  }

  metrics(): DetailedExecutionMetrics {
    return this.#lanes.metrics(this.clock.now())
  }

  /** Starts of an earlier process, which count as they would have there. */
  expect(earlier: readonly EarlierStarts[]): void {
    this.#lanes.expect(earlier, this.clock.now())
  }

  #admitOf(lane: Lane, now: Milliseconds): void {
    const job = lane.first(this.#concurrency)
    if (job === undefined) {
      this.#turns.shift()
      lane.isInTurn = false
      if (lane.isWaiting) this.#stopWaiting(lane, now)
      if (lane.isEmpty) return
      // Whoever waits behind retries may have something of another key.
      for (const { run } of [...lane.line]) run.lookFurther()
      return
    }
    const { tokens, inputTokens, outputTokens } = job.demand
    const permit = executionTryStart(this.#native, now, lane.id, tokens, inputTokens, outputTokens, job.inputCharacters)
    if (permit === REFUSED) {
      this.#hold(lane, job, now)
      return
    }
    if (lane.isWaiting) {
      lane.isWaiting = false
      this.#waiting--
    }
    lane.shift(job)
    if (this.#turns.length > 1) this.#turns.push(this.#turns.shift() as Lane)
    if (permit === TOO_LARGE) {
      const { reason, limit, current } = executionRefusal(this.#native)
      job.queue.run.refuse(job, requestTooLarge({ reason: reason as WaitReason, waitTime: 0, limit, demand: current }))
      return
    }
    this.#inFlight++
    job.queue.run.start(job, permit, now)
  }

  #tellAdapted(adapted: (decisions: AdaptiveDecision[]) => void): void {
    const count = executionDecided(this.#native) - this.#told
    if (count === 0) return
    this.#told += count
    adapted(this.#lanes.decisions(this.clock.now(), count))
  }

  /** The limits of the lane that is in turn refuse its first task. */
  #hold(lane: Lane, job: Job, now: Milliseconds): void {
    const { waitTime, reason, limit, current } = executionRefusal(this.#native)
    this.#turns.shift()
    lane.isInTurn = false
    lane.isBlocked = true
    if (!lane.isWaiting) this.#waiting++
    lane.isWaiting = true
    // Whoever makes room in a shared limiter may be in another thread, and keeps this one's process alive no more.
    lane.until = now + (lane.limiter === undefined ? waitTime : Math.min(waitTime, LONGEST_TIMEOUT))
    if (lane.limiter !== undefined) this.#listen(lane)
    if (Number.isFinite(lane.until)) {
      this.#timed++
      this.#schedule(lane.until, now)
    }
    // Without a reason it waits for a place, which is no throttling.
    if (!job.isAnnounced && reason !== '') {
      job.isAnnounced = true
      // Whoever is told may change the limits; then the lane is in turn again.
      job.queue.run.throttled(job, { reason, waitTime, limit, current })
    }
    for (const { run } of [...lane.line]) run.lookFurther()
  }

  #wake(lane: Lane): void {
    if (lane.isInTurn || lane.isBlocked) return
    lane.isInTurn = true
    this.#turns.push(lane)
  }

  /** Something has changed that its first task may have waited for: its limits, or retries that go before it. */
  #unblock(lane: Lane): void {
    if (lane.isBlocked) {
      lane.isBlocked = false
      if (Number.isFinite(lane.until)) this.#timed--
    }
    this.#wake(lane)
  }

  #unblockAll(which: (lane: Lane) => boolean = () => true): void {
    for (const lane of this.#lanes) if (which(lane)) this.#unblock(lane)
  }

  /** While all places are taken, no lane waits for its limits, nor stands in line for somebody else's. */
  #leaveLines(): void {
    if (this.hasRoom) return
    for (const lane of this.#turns) if (lane.isWaiting) this.#stopWaiting(lane, this.clock.now())
  }

  #stopWaiting(lane: Lane, now: Milliseconds): void {
    if (!lane.isWaiting) return
    lane.isWaiting = false
    this.#waiting--
    executionStopWaiting(this.#native, now, lane.id)
  }

  #listen(lane: Lane): void {
    this.#lanes.listen(lane, () => {
      this.#unblock(lane)
      this.admit()
    })
  }

  #schedule(until: Milliseconds, now: Milliseconds): void {
    if (until >= this.#timerAt) return
    this.#clearTimer()
    this.#timerAt = until
    // The timer keeps the process alive, because somebody awaits the run.
    this.#timer = this.clock.after(Math.min(Math.ceil(until - now), LONGEST_TIMEOUT), () => this.#due())
  }

  #clearTimer(): void {
    globalThis.clearTimeout(this.#timer)
    this.#timer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
  }

  #due(): void {
    this.#timer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
    const now = this.clock.now()
    let next = Number.POSITIVE_INFINITY
    for (const lane of this.#lanes) {
      if (!lane.isBlocked || lane.until === Number.POSITIVE_INFINITY) continue
      // Real timers fire up to a millisecond early; whoever comes too early is refused again.
      if (lane.until <= now + 1) this.#unblock(lane)
      else next = Math.min(next, lane.until)
    }
    if (next < Number.POSITIVE_INFINITY) this.#schedule(next, now)
    this.admit()
  }
}
