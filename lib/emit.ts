import type { EventEmitter } from 'node:events'

/**
 * Tells every listener of `event`. One that throws, or whose promise rejects, keeps no other from hearing of it and
 * disturbs nobody else; what it threw goes to the listeners of `'error'`, where there are any.
 */
export function emitSafely(emitter: EventEmitter, event: string, payload: unknown): void {
  for (const listener of emitter.rawListeners(event)) {
    const failed = (failure: unknown) => {
      if (event !== 'error') emitSafely(emitter, 'error', failure)
    }
    try {
      const returned: any = Reflect.apply(listener, emitter, [payload])
      if (typeof returned?.then === 'function') Promise.resolve(returned).then(undefined, failed)
    } catch (failure) {
      failed(failure)
    }
  }
}
