import { wrongType } from '../arguments.ts'
import { read } from '../values/read.ts'
import { toEvalError, wasRefused } from './eval-error.ts'
import type { Gate } from './gate.ts'
import { SourceError } from './source-error.ts'
import type { Placed, TaskSource } from './task-source.ts'
import { charactersOf, outputTokenLimit, reportedTokens } from './token-use.ts'
import type { ExecutionResult, ExecutionTask } from './types.ts'

export type ExecutorFunction = (task: ExecutionTask) => Promise<any>
export type Emit = (event: string, payload: object) => void

/**
 * One run: takes tasks from its source, starts each when the gate lets it, and keeps every outcome at its task's place.
 * It ends when the source has no more and nothing is in flight.
 */
export class Run {
  readonly outcome: Promise<ExecutionResult[]>
  readonly #gate: Gate
  readonly #source: TaskSource
  readonly #executor: ExecutorFunction
  readonly #emit: Emit
  readonly #results: ExecutionResult[] = []
  #asking = false
  #ended = false
  #inFlight = 0
  #completed = 0
  #failed = 0
  #resolve!: (results: ExecutionResult[]) => void
  #reject!: (error: SourceError) => void

  constructor(gate: Gate, source: TaskSource, executor: ExecutorFunction, emit: Emit) {
    this.#gate = gate
    this.#source = source
    this.#executor = executor
    this.#emit = emit
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  begin(): void {
    this.#gate.beginRun()
    this.#source.open(() => this.#proceed())
  }

  /** Asks for the next task's start, or ends the run. */
  #proceed(): void {
    if (this.#asking || this.#ended) return
    const next = this.#source.take()
    if (next !== undefined) {
      this.#ask(next)
    } else if (this.#inFlight === 0 && this.#completed === this.#source.total) {
      this.#end()
    }
  }

  #ask(placed: Placed): void {
    const { task } = placed
    const inputCharacters = charactersOf(read(read(task, 'testCase'), 'input'))
    this.#asking = true
    this.#gate.request({
      outputTokens: outputTokenLimit(read(task, 'runnerConfig')),
      inputCharacters,
      granted: (permit) => {
        this.#asking = false
        this.#start(placed, permit, inputCharacters)
        this.#source.started()
        this.#proceed()
      },
      throttled: (throttle) => this.#emit('throttle', { ...throttle, taskId: task.id, task }),
    })
  }

  async #start({ task, index }: Placed, permit: number, inputCharacters: number): Promise<void> {
    this.#inFlight++
    this.#emit('taskStart', { taskId: task.id, task, index })
    const begun = performance.now()
    const outcome: ExecutionResult = { task, executionTime: 0 }
    try {
      const result = await this.#executor(task)
      if (result === undefined || result === null) throw wrongType('executor(task)', 'a result', result)
      outcome.result = result
    } catch (thrown) {
      outcome.error = toEvalError(thrown, task)
    }
    outcome.executionTime = Math.max(0, performance.now() - begun)
    this.#results[index] = outcome
    this.#finish(index, outcome)
    const answer = charactersOf(read(outcome.result, 'actual'))
    this.#gate.end(permit, {
      failure: outcome.error && (wasRefused(outcome.error.cause) ? 'refused' : 'unknown'),
      tokens: reportedTokens(outcome.result),
      characters: inputCharacters + answer,
    })
    this.#proceed()
  }

  #finish(index: number, outcome: ExecutionResult): void {
    const { task, result, error, executionTime } = outcome
    this.#inFlight--
    this.#completed++
    if (error === undefined) {
      this.#emit('taskComplete', { taskId: task.id, task, index, result, executionTime })
    } else {
      this.#failed++
      this.#emit('taskError', { taskId: task.id, task, index, error, executionTime })
    }
    const { total } = this.#source
    this.#emit('progress', { completed: this.#completed, failed: this.#failed, total })
  }

  #end(): void {
    this.#ended = true
    this.#gate.endRun()
    const { failure } = this.#source
    if (failure !== undefined) {
      this.#reject(new SourceError(failure.cause, this.#results))
      return
    }
    this.#emit('complete', {
      totalTasks: this.#completed,
      failed: this.#failed,
      results: this.#results,
      metrics: this.#gate.metrics(),
    })
    this.#resolve(this.#results)
  }
}
