import { outOfRange, wrongType } from '../arguments.ts'
import { startsBefore } from './ready-tasks.ts'
import type { ExecutionTask } from './types.ts'

/** Who is given the tasks of a source. */
export interface Reader {
  accept(task: ExecutionTask, index: number): void
  /** What was asked for later has come: a task, the end or a failure. */
  proceed(): void
}

/** Where a run takes its tasks from. */
export interface TaskSource {
  /** How many tasks there are, once that is known. */
  readonly total: number | undefined
  /** Whether all tasks have been given. */
  readonly isDone: boolean
  /** What the source failed with. */
  readonly failure: { readonly cause: unknown } | undefined
  /** Gives the next task to `reader`; `false` where it comes later, or there is none. Nothing while one is to come. */
  pull(reader: Reader): boolean
  /** No more tasks are wanted. A promise where the source has to do something before it is closed. */
  close(): unknown
}

/** Throws where `task` is not one, under the name of where it was found. */
export function checkTask(name: string, task: unknown): asserts task is ExecutionTask {
  if (typeof task !== 'object' || task === null || Array.isArray(task)) throw wrongType(name, 'a task', task)
  const { id, priority } = task as Partial<ExecutionTask>
  if (typeof id !== 'string') throw wrongType(`${name}.id`, 'a string', id)
  if (priority === undefined) return
  if (typeof priority !== 'number') throw wrongType(`${name}.priority`, 'a number', priority)
  if (Number.isNaN(priority)) throw outOfRange(`${name}.priority`, 'a number', priority)
}

/** Tasks that are all there: the highest priority first. */
export class ListSource implements TaskSource {
  readonly total: number
  readonly failure = undefined
  readonly tasks: readonly ExecutionTask[]
  /** The places of the tasks in the order in which they start; none where that is the order in which they stand. */
  readonly #order: Uint32Array | undefined
  #next = 0

  constructor(tasks: ExecutionTask[]) {
    if (!Array.isArray(tasks)) throw wrongType('tasks', 'an array', tasks)
    this.tasks = Array.from(tasks)
    this.total = tasks.length
    const priorities = this.tasks.map((task, index) => {
      checkTask(`tasks[${index}]`, task)
      return task.priority ?? 0
    })
    if (priorities.every((priority) => priority === priorities[0])) return
    const place = (index: number) => ({ index, priority: priorities[index] as number })
    this.#order = Uint32Array.from(priorities.keys()).sort((one, other) =>
      startsBefore(place(one), place(other)) ? -1 : 1,
    )
  }

  get isDone(): boolean {
    return this.#next === this.total
  }

  pull(reader: Reader): boolean {
    if (this.#next === this.total) return false
    const index = this.#order?.[this.#next] ?? this.#next
    this.#next++
    reader.accept(this.tasks[index] as ExecutionTask, index)
    return true
  }

  close(): void {}
}

/** An iterable that gives the tasks, read one by one. It is closed where reading stops before its end. */
export class StreamSource implements TaskSource {
  total: number | undefined = undefined
  failure: { readonly cause: unknown } | undefined = undefined
  readonly #iterate: () => Iterator<unknown> | AsyncIterator<unknown>
  readonly #isAsync: boolean
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined
  #given = 0
  #isPulling = false
  #isClosed = false
  /** Where it gave something that is no task. */
  #closing: Promise<void> | undefined

  constructor(tasks: Iterable<unknown> | AsyncIterable<unknown>) {
    const { [Symbol.asyncIterator]: async, [Symbol.iterator]: sync } = Object(tasks)
    const iterate = async ?? sync
    if (typeof tasks !== 'object' || typeof iterate !== 'function') {
      throw wrongType('tasks', 'an iterable or async iterable of tasks', tasks)
    }
    this.#isAsync = iterate === async
    this.#iterate = () => Reflect.apply(iterate, tasks, [])
  }

  get isDone(): boolean {
    return this.total !== undefined && this.#closing === undefined
  }

  pull(reader: Reader): boolean {
    if (this.#isPulling || this.isDone || this.#isClosed) return false
    this.#isPulling = true
    try {
      this.#iterator ??= this.#iterate()
      const step = this.#iterator.next()
      if (this.#isAsync) {
        this.#pullLater(reader, step as Promise<IteratorResult<unknown>>)
        return false
      }
      this.#isPulling = false
      return this.#take(reader, step as IteratorResult<unknown>)
    } catch (cause) {
      this.#isPulling = false
      this.#fail(cause)
      return false
    }
  }

  close(): unknown {
    if (this.#isClosed) return undefined
    this.#isClosed = true
    if (this.isDone || (this.#isPulling && !this.#isAsync)) return undefined
    const closed: unknown = this.#iterator?.return?.()
    if (!this.#isPulling) return closed
    // A generator that is asked for a task closes when it has answered, which may be never.
    Promise.resolve(closed).catch(() => {})
    return undefined
  }

  async #pullLater(reader: Reader, step: Promise<IteratorResult<unknown>>): Promise<void> {
    try {
      const answer = await step
      this.#isPulling = false
      this.#take(reader, answer)
    } catch (cause) {
      this.#isPulling = false
      this.#fail(cause)
    }
    await this.#closing
    reader.proceed()
  }

  #take(reader: Reader, step: IteratorResult<unknown>): boolean {
    if (this.#isClosed) {
      // Closed by the very call that gave this.
      if (!this.#isAsync && !step.done) this.#iterator?.return?.()
      return false
    }
    if (step.done) {
      this.total = this.#given
      return false
    }
    try {
      checkTask(`tasks[${this.#given}]`, step.value)
    } catch (refusal) {
      this.#fail(refusal)
      this.#closeQuietly()
      return false
    }
    reader.accept(step.value, this.#given++)
    return true
  }

  #fail(cause: unknown): void {
    if (this.#isClosed) return
    this.failure = { cause }
    this.total = this.#given
  }

  /** What went wrong before is what the caller has to hear of. */
  #closeQuietly(): void {
    try {
      const closed: unknown = this.#iterator?.return?.()
      if (!this.#isAsync) return
      const end = () => {
        this.#closing = undefined
      }
      this.#closing = Promise.resolve(closed).then(end, end)
    } catch {}
  }
}
