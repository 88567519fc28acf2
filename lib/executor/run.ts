import type { Milliseconds } from '../units.ts'
import { ActiveJobs } from './active-jobs.ts'
import { type AttemptEnds, Attempts } from './attempt.ts'
import { Context } from './context.ts'
import { isRateLimit, toEvalError, wasRefused } from './eval-error.ts'
import type { Events } from './events.ts'
import { AGAIN, ENDING, type Gate, type Throttle } from './gate.ts'
import { HeadStart } from './head-start.ts'
import { Job } from './job.ts'
import { Progress } from './progress.ts'
import { Queue } from './queue.ts'
import { Recorder } from './recorder.ts'
import { pauseOf, retryWait } from './retries.ts'
import type { RunParts } from './run-parts.ts'
import { abortion, journalFailure, tooManyErrors } from './run-stopped-error.ts'
import type { Settings } from './settings.ts'
import type { Failure, Sink } from './sink.ts'
import { SourceError } from './source-error.ts'
import { ListSource, type Reader, type TaskSource } from './task-source.ts'
import { demandOf, inputCharactersOf, keyOf, Use, useOf } from './token-use.ts'
import type { ExecutionResult, ExecutionTask } from './types.ts'

/** With keys, how many tasks are read ahead to find one that may start. */
const LOOK_AHEAD = 1_000

/**
 * One run: takes tasks from its source as there is room, starts each when the gate lets it, tries it again where it
 * should, and gives each outcome to its sink, exactly once. It ends when the source has no more and nothing is under way,
 * or when it is stopped; then nothing of it is left.
 *
 * Invariant: a task is unstarted in a queue, in `#active`, or has its outcome; those in `#active` hold a permit while
 * they have a context, and wait for their next attempt otherwise.
 */
export class Run implements Reader, AttemptEnds {
  readonly #gate: Gate
  readonly #source: TaskSource
  readonly #sink: Sink
  readonly #attempts: Attempts
  readonly #events: Events
  readonly #settings: () => Settings
  readonly #readAhead: number
  readonly #window: number
  readonly #signals: readonly AbortSignal[]
  readonly #progress: Progress
  readonly #headStart = new HeadStart(() => this.proceed())
  #recorder: Recorder | undefined = undefined
  readonly #queues = new Map<string, Queue>()
  readonly #active = new ActiveJobs()
  /** Until the journal is closed. */
  #closing: Promise<unknown> | undefined = undefined
  #isReading = false
  #hasEnded = false
  #given = 0
  #taken = 0
  #unstarted = 0
  #inFlight = 0
  #completed = 0
  #failed = 0

  constructor(parts: RunParts) {
    this.#gate = parts.gate
    this.#source = parts.source
    this.#sink = parts.sink
    this.#attempts = new Attempts(parts.executor, this)
    this.#events = parts.events
    this.#settings = parts.settings
    this.#readAhead = parts.readAhead
    this.#window = parts.window
    this.#signals = parts.signals
    const isHeard = () => this.#events.hears('progress')
    this.#progress = new Progress(isHeard, () => this.#tellProgress())
  }

  begin(): void {
    const aborted = this.#signals.find((signal) => signal.aborted)
    if (aborted !== undefined) {
      this.#hasEnded = true
      this.#sink.fail((results) => abortion(aborted, results), true)
      return
    }
    if (!this.#openJournal()) return
    for (const signal of this.#signals) signal.addEventListener('abort', this.#onAbort)
    this.#gate.beginRun()
    this.#events.start(this.#source.total, this.#settings())
    this.proceed()
  }

  /** Nobody wants more: stops without an error. */
  async close(): Promise<void> {
    await this.#stop(new DOMException('Nobody wants the results any more', 'AbortError'))
    await this.#closing
  }

  /** One more outcome was taken. */
  taken(): void {
    this.#taken++
    this.#headStart.taken()
    this.proceed()
  }

  /** Reads, starts and ends whatever may be. `now` is given where only code of ours has run since it was read. */
  proceed(now?: Milliseconds): void {
    if (this.#hasEnded) return
    const hasRead = this.#read()
    this.#gate.admit(hasRead ? undefined : now)
    if (!this.#hasEnded && this.#source.isDone && this.#completed === this.#source.total) this.#end()
  }

  /** A lane that its tasks wait in has to wait: there may be others. */
  lookFurther(): void {
    if (!this.#hasEnded) this.#read()
  }

  accept(task: ExecutionTask, index: number): void {
    this.#given++
    if (this.#recorder !== undefined && this.#isRecorded(this.#recorder, task, index)) return
    let job: Job
    try {
      const { key, estimateTokens } = this.#settings()
      const queue = this.#queueOf(keyOf(task, key))
      const inputCharacters = inputCharactersOf(task)
      job = new Job(task, index, queue, demandOf(task, estimateTokens), inputCharacters)
    } catch (thrown) {
      const error = toEvalError(thrown, task)
      if (!this.#hasEnded) this.#conclude(index, { task, executionTime: 0, error }, this.#gate.clock.now())
      return
    }
    if (this.#hasEnded) return // By a function just called.
    this.#unstarted++
    job.queue.add(job)
    this.#gate.join(job.queue)
  }

  /** The gate starts `job`. */
  start(job: Job, permit: number, now: Milliseconds): void {
    const context = new Context(++job.attempt)
    job.permit = permit
    job.context = context
    job.begun = now
    job.isAnnounced = false
    this.#inFlight++
    this.#recorder?.started(job, this.#gate.reserved(permit))
    if (job.attempt === 1) {
      this.#unstarted--
      this.#active.add(job)
      if (this.#events.hears('taskStart')) {
        this.#events.taskStart(job)
        if (job.context !== context) return
        job.begun = this.#gate.clock.now()
      }
    }
    this.#attempts.make(job, this.#settings().timeout)
    this.#read()
  }

  /** The limits can never admit `job`. */
  refuse(job: Job, thrown: unknown): void {
    if (job.attempt === 0) this.#unstarted--
    else this.#active.remove(job)
    const { task, index, spent } = job
    this.#conclude(index, { task, executionTime: spent, error: toEvalError(thrown, task) }, this.#gate.clock.now())
    // Another run, or a timer, may have asked the gate; and this may have been the last task.
    this.proceed()
  }

  throttled(job: Job, throttle: Throttle): void {
    this.#events.throttle(job, throttle)
  }

  #queueOf(key: string): Queue {
    let queue = this.#queues.get(key)
    if (queue === undefined) {
      queue = new Queue(this, this.#gate.lane(key))
      this.#queues.set(key, queue)
    }
    return queue
  }

  /** Whether the source was asked for anything. */
  #read(): boolean {
    if (this.#isReading || !this.#wantsMore()) return false
    this.#isReading = true
    // Each starts at once if it may, so that it need not be compared with those after it.
    do this.#gate.admit()
    while (this.#source.pull(this) && this.#wantsMore())
    this.#isReading = false
    return true
  }

  #wantsMore(): boolean {
    if (this.#hasEnded || this.#source.isDone) return false
    const { concurrency } = this.#gate
    if (this.#given - this.#taken >= Math.max(this.#window, concurrency)) return false
    // Where all are kept, nobody takes any.
    if (this.#window !== Infinity && this.#headStart.isGiven(this.#completed - this.#taken, concurrency)) return false
    if (this.#unstarted < this.#readAhead) return true
    if (this.#unstarted >= LOOK_AHEAD || this.#settings().key === undefined || !this.#gate.hasRoom) return false
    return this.#gate.areHeldBack(this.#queues.values())
  }

  succeeded(job: Job, result: any): void {
    const now = this.#gate.clock.now()
    this.#leaveFlight(job, now)
    this.#active.remove(job)
    const { task, index, spent, inputCharacters } = job
    const use = useOf(result, inputCharacters)
    this.#recorder?.settled(job, use)
    this.#gate.end(job, now, ENDING.answered, use)
    const isHeard = this.#conclude(index, { task, executionTime: spent, result }, now)
    this.proceed(isHeard ? undefined : now)
  }

  failed(job: Job, thrown: unknown): void {
    const now = this.#gate.clock.now()
    const { lane } = job.queue
    const { retry } = this.#settings()
    const error = toEvalError(thrown, job.task)
    const isLimit = isRateLimit(thrown)
    const pause = pauseOf(thrown, this.#settings())
    const wait = error.retryable ? retryWait(retry, job.attempt, pause) : undefined
    const ending = isLimit ? ENDING.rateLimited : wasRefused(thrown) ? ENDING.refused : ENDING.failed
    this.#leaveFlight(job, now)
    this.#recorder?.left(job)
    if (isLimit && pause !== undefined) this.#gate.block(lane, now, pause)
    this.#gate.end(job, now, wait === undefined ? ending : ending + AGAIN, new Use(job.inputCharacters))
    if (wait === undefined) {
      this.#active.remove(job)
      this.#conclude(job.index, { task: job.task, executionTime: job.spent, error }, now)
    } else {
      this.#backOff(job, wait)
      this.#events.retry(job, wait, error)
    }
    this.proceed()
  }

  /** The attempt is over; the task is still active. */
  #leaveFlight(job: Job, now: Milliseconds): void {
    job.clearTimer()
    job.context = undefined
    job.spent += Math.max(0, now - job.begun)
    this.#inFlight--
  }

  #backOff(job: Job, wait: Milliseconds): void {
    job.queue.lane.backingOff++
    job.timer = globalThis.setTimeout(() => {
      job.timer = undefined
      this.#gate.returnTo(job)
      this.#gate.admit()
    }, Math.ceil(wait))
  }

  /** A task has its outcome. Returns whether anybody else's code has run. */
  #conclude(index: number, outcome: ExecutionResult, now: Milliseconds, fromJournal = false): boolean {
    const trouble = fromJournal ? undefined : this.#recorder?.record(index, outcome)
    this.#completed++
    if (outcome.error !== undefined) this.#failed++
    const taken = this.#sink.add(index, outcome)
    if (taken > 0) this.#headStart.taken()
    this.#taken += taken
    const isHeard = this.#events.taskEnd(index, outcome, fromJournal)
    if (this.#hasEnded) return isHeard
    this.#progress.changed(now)
    const { maxErrors } = this.#settings()
    if (trouble !== undefined) {
      void this.#stop(trouble, (results) => journalFailure(trouble, results))
    } else if (this.#failed >= maxErrors && outcome.error !== undefined) {
      const { cause } = outcome.error
      void this.#stop(cause, (results) => tooManyErrors(this.#failed, cause, results))
    }
    return isHeard
  }

  #tellProgress(): void {
    const { total } = this.#source
    const [completed, failed, inFlight] = [this.#completed, this.#failed, this.#inFlight]
    const figures = this.#gate.progress(total === undefined ? Number.NaN : total - completed)
    const waiting = (total ?? this.#given) - completed - inFlight
    this.#events.progress({ completed, failed, inFlight, waiting, total }, figures)
  }

  readonly #onAbort = (event: Event): void => {
    const signal = event.target as AbortSignal
    void this.#stop(signal.reason, (results) => abortion(signal, results))
  }

  #end(): void {
    this.#hasEnded = true
    this.#unlisten()
    this.#progress.end()
    this.#gate.endRun()
    if (this.#recorder === undefined) this.#finish()
    else this.#closing = this.#recorder.close().then((trouble) => this.#finish(trouble))
  }

  #finish(trouble?: unknown): void {
    const { failure } = this.#source
    if (trouble !== undefined) {
      this.#events.end()
      this.#sink.fail((results) => journalFailure(trouble, results), true)
    } else if (failure !== undefined) {
      this.#events.end()
      this.#sink.fail((results) => new SourceError(failure.cause, results, this.#given), false)
    } else {
      this.#events.complete(this.#completed, this.#failed, this.#sink.results, () => this.#gate.metrics())
      this.#events.end()
      this.#sink.end()
    }
  }

  /** Ends the run before its tasks have ended, with a failure or, where nobody wants to know, without. */
  async #stop(reason: unknown, failure?: Failure): Promise<void> {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#unlisten()
    this.#progress.stop()
    const abandoned = this.#giveUpAll()
    this.#gate.endRun()
    const sourceClosed = this.#closeSource()
    sourceClosed.catch(() => {})
    this.#closing = this.#recorder?.close()
    for (const context of abandoned) Context.abandon(context, reason)
    this.#gate.admit()
    const trouble = this.#closing && (await this.#closing)
    this.#events.end()
    if (failure === undefined) {
      this.#sink.end()
      await sourceClosed
      if (trouble !== undefined) throw trouble
    } else {
      // This is what the caller has to hear of.
      this.#sink.fail(failure, true)
    }
  }

  /** Rejects with what it throws then. */
  async #closeSource(): Promise<void> {
    await this.#source.close()
  }

  /** Whether the run can begin: it has its journal, if it is to have one, and that is one of its tasks. */
  #openJournal(): boolean {
    const { journal } = this.#settings()
    if (journal === undefined) return true
    try {
      this.#recorder = new Recorder(journal)
      if (this.#source instanceof ListSource) this.#recorder.compare(this.#source.tasks)
      this.#gate.expect(this.#recorder.earlierStarts)
      return true
    } catch (failure) {
      this.#hasEnded = true
      const fail = () => this.#sink.fail(() => failure, true)
      if (this.#recorder === undefined) fail()
      else this.#closing = this.#recorder.close().then(fail)
      return false
    }
  }

  /** Whether the outcome of a task is known; then it is delivered. The run stops where the journal is another one's. */
  #isRecorded(recorder: Recorder, task: ExecutionTask, index: number): boolean {
    try {
      const found = recorder.find(task, index)
      if (found === undefined) return false
      this.#conclude(index, { task, ...found }, this.#gate.clock.now(), true)
    } catch (failure) {
      void this.#stop(failure, (results) => journalFailure(failure, results))
    }
    return true
  }

  /** Gives every place and every wait back; returns the attempts that somebody has to be told of. */
  #giveUpAll(): Context[] {
    const now = this.#gate.clock.now()
    const abandoned: Context[] = []
    for (const job of this.#active.drain()) {
      job.clearTimer()
      if (job.context === undefined) {
        job.queue.lane.giveUp(job)
        continue
      }
      abandoned.push(job.context)
      job.context = undefined
      this.#gate.end(job, now, ENDING.givenUp, new Use(job.inputCharacters))
    }
    this.#gate.forget(this.#queues.values())
    return abandoned
  }

  #unlisten(): void {
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#onAbort)
  }
}
