import { EventEmitter } from 'node:events'

const plainEmit = EventEmitter.prototype.emit

/** Whether `emitSafely` would reach anybody: where nobody listens, an event need not even be made. */
export function isHeard(emitter: EventEmitter, event: string): boolean {
  return emitter.emit !== plainEmit || emitter.listenerCount(event) > 0
}

/**
 * Tells every listener of `event`. One that throws, or whose promise rejects, keeps no other from hearing of it and
 * disturbs nobody else; what it threw goes to the listeners of `'error'`, where there are any.
 *
 * Where `emit` was replaced, by a spy or a subclass, that is called instead and does as it likes, save fail.
 */
export function emitSafely(emitter: EventEmitter, event: string, ...values: unknown[]): void {
  const failed = (failure: unknown) => {
    if (event !== 'error') emitSafely(emitter, 'error', failure)
  }
  if (emitter.emit !== plainEmit) {
    // A plain `emit` throws an error that nobody listens to.
    if (event !== 'error' || emitter.listenerCount('error') > 0) attempt(() => emitter.emit(event, ...values), failed)
    return
  }
  for (const listener of emitter.rawListeners(event)) attempt(() => Reflect.apply(listener, emitter, values), failed)
}

function attempt(action: () => any, failed: (failure: unknown) => void): void {
  try {
    const returned = action()
    if (typeof returned?.then === 'function') Promise.resolve(returned).then(undefined, failed)
  } catch (failure) {
    failed(failure)
  }
}
