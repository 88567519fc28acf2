import type { Permit, RateLimiter, Refusal } from '@aah/ai-evals-performance'
import { settled } from './tasks.ts'

export function granted(answer: Permit | Refusal): Permit {
  if ('waitTime' in answer) throw new Error(`refused: ${answer.reason}, ${answer.waitTime} ms`)
  return answer
}

/** Notes who got a permit, in order. */
export class Acquirers {
  readonly served: string[] = []
  readonly permits = new Map<string, Permit>()
  readonly #limiter: RateLimiter

  constructor(limiter: RateLimiter) {
    this.#limiter = limiter
  }

  async acquire(name: string, request?: Parameters<RateLimiter['acquire']>[0]): Promise<void> {
    const permit = await this.#limiter.acquire(request)
    this.served.push(name)
    this.permits.set(name, permit)
  }

  async release(name: string): Promise<void> {
    this.permits.get(name)?.release()
    await settled()
  }
}
