import { outOfRange, wrongType } from '../arguments.ts'
import { ReadyTasks, startsBefore } from './ready-tasks.ts'
import type { ExecutionTask } from './types.ts'

/** A task with its place in the results. */
export interface Placed {
  readonly task: ExecutionTask
  readonly index: number
  /** As it was when the task was given. */
  readonly priority: number
}

/** Where a run takes its tasks from. */
export interface TaskSource {
  /** How many tasks there are, once that is known. */
  readonly total: number | undefined
  /** What the source failed with. */
  readonly failure: { readonly cause: unknown } | undefined
  /** The next task; `undefined` while, or because, there is none. */
  take(): Placed | undefined
  /** The task last taken has started: there is room for another. */
  started(): void
  /** Opens the source. `changed` is called whenever `take` or `total` may give something else than before. */
  open(changed: () => void): void
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
  readonly #tasks: Placed[]
  #next = 0

  constructor(tasks: ExecutionTask[]) {
    if (!Array.isArray(tasks)) throw wrongType('tasks', 'an array', tasks)
    this.#tasks = Array.from(tasks, (task, index) => {
      checkTask(`tasks[${index}]`, task)
      return { task, index, priority: task.priority ?? 0 }
    })
    this.#tasks.sort((one, other) => (startsBefore(one, other) ? -1 : 1))
    this.total = tasks.length
  }

  take(): Placed | undefined {
    return this.#tasks[this.#next++]
  }

  started(): void {}

  open(changed: () => void): void {
    changed()
  }
}

/**
 * Tasks that an iterable gives, read at most `readAhead` before their start; of those, the highest priority first. The
 * iterable is closed where reading stops early, because it gave something that is no task.
 */
export class StreamSource implements TaskSource {
  total: number | undefined
  failure: { readonly cause: unknown } | undefined
  readonly #iterate: () => Iterator<unknown> | AsyncIterator<unknown>
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined
  readonly #readAhead: number
  #changed = () => {}
  readonly #ready = new ReadyTasks()
  /** Given, and not yet started. */
  #ahead = 0
  #given = 0
  #reading = false

  constructor(tasks: Iterable<unknown> | AsyncIterable<unknown>, readAhead: number) {
    const { [Symbol.asyncIterator]: async, [Symbol.iterator]: sync } = Object(tasks)
    const iterate = async ?? sync
    if (typeof tasks !== 'object' || typeof iterate !== 'function') {
      throw wrongType('tasks', 'an iterable or async iterable of tasks', tasks)
    }
    this.#iterate = () => Reflect.apply(iterate, tasks, [])
    this.#readAhead = readAhead
  }

  open(changed: () => void): void {
    this.#changed = changed
    this.#read()
  }

  take(): Placed | undefined {
    return this.#ready.take()
  }

  started(): void {
    this.#ahead--
    if (!this.#reading && this.total === undefined) this.#read()
  }

  async #read(): Promise<void> {
    this.#reading = true
    try {
      this.#iterator ??= this.#iterate()
      while (this.total === undefined && this.#ahead < this.#readAhead) await this.#readOne(this.#iterator)
    } catch (cause) {
      this.failure = { cause }
      this.total = this.#given
    }
    this.#reading = false
    this.#changed()
  }

  async #readOne(iterator: Iterator<unknown> | AsyncIterator<unknown>): Promise<void> {
    const step = await iterator.next()
    if (step.done) {
      this.total = this.#given
      return
    }
    try {
      checkTask(`tasks[${this.#given}]`, step.value)
    } catch (refusal) {
      await close(iterator)
      throw refusal
    }
    this.#ahead++
    this.#ready.add({ task: step.value, index: this.#given++, priority: step.value.priority ?? 0 })
    this.#changed()
  }
}

async function close(iterator: Iterator<unknown> | AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.()
  } catch {
    // The refusal is what the caller has to hear of.
  }
}
