// Processes and worker threads that run functions of a test, and say things meanwhile.
//
// A function is sent as text: it sees its data and the context, nothing of the file it stands in.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { derived, hash, isDerived, random } from './derived.cjs'

/** What a function finds on the other side. */
export interface Context {
  api: typeof import('@aah/ai-evals-performance')
  require: NodeJS.Require
  /** Kept from one function to the next. */
  state: any
  say(message: unknown): void
  /** Calls a function, given as text, in a new thread of the program. */
  inThread<R>(source: string, data: unknown): Promise<R>
  /** Names the process and the thread. */
  whoami: string
  derived: typeof derived
  hash: typeof hash
  isDerived: typeof isDerived
  random: typeof random
}

/** How a program ended. */
export interface End {
  code: number | null
  signal: NodeJS.Signals | null
  /** What it printed, to both outputs. */
  printed: string
}

export interface Starting {
  /** A command that is given the program's own as its last arguments. */
  under?: string[]
  env?: Record<string, string>
  /** The user and the group as which it runs. */
  uid?: number
}

const FILE = join(__dirname, 'program.cjs')

/** Programs that no test has ended yet. */
const running = new Set<Program>()

export class Program {
  /** Of a process. */
  readonly pid: number | undefined
  readonly ended: Promise<End>

  readonly #side: ChildProcess | Worker
  readonly #answers = new Map<number, Deferred<any>>()
  readonly #heard: unknown[] = []
  readonly #listeners: Deferred<void>[] = []
  #isOver = false
  #next = 0

  static process({ under = [], env, uid }: Starting = {}): Program {
    const [command = '', ...rest] = [...under, process.execPath, FILE]
    const child = spawn(command, rest, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
      env: { ...process.env, ...env },
      uid,
      gid: uid,
    })
    let printed = ''
    for (const output of [child.stdout!, child.stderr!]) output.on('data', (chunk) => (printed += chunk))
    // Not its event `close`: that does not come once the channel was closed from here.
    const over = Promise.all([once(child, 'exit'), once(child.stdout!, 'close'), once(child.stderr!, 'close')])
    const ended = over.then(([[code, signal]]) => ({ code, signal, printed }))
    return new Program(child, ended, child.pid)
  }

  static thread(): Program {
    const worker = new Worker(FILE)
    let printed = ''
    worker.on('error', (error) => (printed += error.stack))
    const ended = once(worker, 'exit').then(([code]) => ({ code, signal: null, printed }))
    return new Program(worker, ended)
  }

  private constructor(side: ChildProcess | Worker, ended: Promise<End>, pid?: number) {
    this.#side = side
    this.pid = pid
    running.add(this)
    this.ended = ended.then((end) => {
      running.delete(this)
      this.#isOver = true
      const error = new Error(`the program ended: ${JSON.stringify(end)}`)
      for (const waiting of [...this.#answers.values(), ...this.#listeners]) waiting.reject(error)
      return end
    })
    side.on('message', (message) => this.#hear(message))
    // Writing to a process that was just killed.
    side.on('error', () => {})
  }

  /** Calls a function over there. */
  run<R, D = undefined>(run: (data: D, context: Context) => R | Promise<R>, data?: D): Promise<R> {
    const answer = deferred<R>()
    const id = this.#next++
    this.#answers.set(id, answer)
    this.#send({ id, source: String(run), data })
    if (this.#isOver) answer.reject(new Error('the program has ended'))
    return answer.promise
  }

  /** Everything said so far, when there are at least `count` such things. */
  async heard<M>(count: number): Promise<M[]> {
    while (this.#heard.length < count) {
      if (this.#isOver) throw new Error(`the program ended after it had said ${this.#heard.length} things`)
      const listener = deferred<void>()
      this.#listeners.push(listener)
      await listener.promise
    }
    return this.#heard as M[]
  }

  /** Whatever was said up to now. */
  get said(): unknown[] {
    return this.#heard
  }

  /** Ends a process by a signal, a thread by `terminate()`. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<End> {
    if (this.#side instanceof Worker) void this.#side.terminate()
    else this.#side.kill(signal)
    return this.ended
  }

  /** Sends a signal that does not end it. */
  signal(signal: NodeJS.Signals): void {
    if (!(this.#side instanceof Worker)) this.#side.kill(signal)
  }

  /** Lets it end by itself: nothing more will be sent. */
  leave(): Promise<End> {
    if (this.#side instanceof Worker) this.#send(undefined)
    else this.#side.disconnect()
    return this.ended
  }

  #send(message: unknown): void {
    if (this.#side instanceof Worker) this.#side.postMessage(message)
    else if (this.#side.connected) this.#side.send(message as object, () => {})
  }

  #hear(message: { id?: number; value?: unknown; error?: { message: string }; said?: unknown }): void {
    if (message.id === undefined) {
      this.#heard.push(message.said)
      for (const listener of this.#listeners.splice(0)) listener.resolve()
      return
    }
    const answer = this.#answers.get(message.id)
    this.#answers.delete(message.id)
    if (message.error === undefined) answer?.resolve(message.value)
    else answer?.reject(Object.assign(new Error(message.error.message), message.error))
  }
}

/** Ends whatever is still running; for `afterEach`. */
export async function endAll(): Promise<void> {
  await Promise.all([...running].map((program) => program.kill()))
}

/** Asks again and again until the answer is not undefined, false or null: for what no event tells. */
export async function until<T>(ask: () => T | Promise<T>, what: string, limit = 30_000): Promise<NonNullable<T>> {
  const from = performance.now()
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== null && answer !== false) return answer as NonNullable<T>
    if (performance.now() - from > limit) throw new Error(`never so within ${limit} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

interface Deferred<T> {
  promise: Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
}

function deferred<T>(): Deferred<T> {
  let resolve!: Deferred<T>['resolve']
  let reject!: Deferred<T>['reject']
  const promise = new Promise<T>((...both) => {
    resolve = both[0]
    reject = both[1]
  })
  // Whoever is not waiting when the program ends does not care.
  promise.catch(() => {})
  return { promise, resolve, reject }
}
