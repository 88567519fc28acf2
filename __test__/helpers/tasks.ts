import type { ExecutionTask } from '@aah/ai-evals-performance'
import { afterEach, beforeEach, expect, vi } from 'vitest'

/** A limit that holds nothing back. */
export const UNLIMITED = { requestsPerMinute: Number.POSITIVE_INFINITY }

/** Each test of the file has clocks of its own, and leaves no timer behind. */
export function useFakeTimers(): void {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })
}

/** A task whose test case has the same id; `more` is added to the task. */
export function task(id: string, more: Partial<ExecutionTask> = {}): ExecutionTask {
  return { id, testCase: { id, input: '', expected: '' }, ...more }
}

/** Tasks named by their place. */
export function tasks(count: number, more: Partial<ExecutionTask> = {}): ExecutionTask[] {
  return Array.from({ length: count }, (_, index) => task(`${index}`, more))
}

/** An executor whose tasks end when the test says so. */
export class ByHand {
  readonly started: string[] = []
  mostInFlight = 0
  readonly #open = new Map<string, { resolve: (value: any) => void; reject: (reason: unknown) => void }>()

  readonly execute = (task: ExecutionTask): Promise<any> => {
    this.started.push(task.id)
    return new Promise((resolve, reject) => {
      this.#open.set(task.id, { resolve, reject })
      this.mostInFlight = Math.max(this.mostInFlight, this.#open.size)
    })
  }

  get inFlight(): string[] {
    return [...this.#open.keys()]
  }

  async finish(id: string, result: unknown = { actual: id }): Promise<void> {
    this.#take(id).resolve(result)
    await settled()
  }

  async fail(id: string, reason: unknown): Promise<void> {
    this.#take(id).reject(reason)
    await settled()
  }

  async finishAll(): Promise<void> {
    while (this.#open.size > 0) for (const id of this.inFlight) await this.finish(id)
  }

  #take(id: string) {
    const open = this.#open.get(id)
    if (open === undefined) throw new Error(`task ${id} is not in flight`)
    this.#open.delete(id)
    return open
  }
}

/** Lets every promise that can settle without a timer settle. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await undefined
}
