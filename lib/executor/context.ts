import type { TaskContext } from './types.ts'

/** One attempt, as the executor function sees it. Its signal is made when it is first asked for. */
export class Context implements TaskContext {
  readonly attempt: number
  #controller: AbortController | undefined = undefined
  #abandoned: { readonly reason: unknown } | undefined = undefined

  constructor(attempt: number) {
    this.attempt = attempt
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#abandoned !== undefined) this.#controller.abort(this.#abandoned.reason)
    }
    return this.#controller.signal
  }

  /** Nobody waits for the attempt any more. Not a method, because the function that is given a context is the user's. */
  static abandon(context: Context, reason: unknown): void {
    context.#abandoned = { reason }
    context.#controller?.abort(reason)
  }
}
