import { types } from 'node:util'

/**
 * Calls `fn`, then `done` once its outcome is there: when it throws, when it returns, or, if it returns a promise, when
 * that settles. The outcome is passed on.
 *
 * A plain promise is replaced by one that follows it, so that a rejection nobody handles is still reported as one. A
 * subclass of `Promise` is returned itself, since its methods may be needed. Another object with a `then` is a value like
 * any other: calling its `then` could start what it stands for, as with the query builders of some databases.
 */
export function whenSettled<T>(fn: () => T, done: () => void): T {
  let result: T
  try {
    result = fn()
  } catch (error) {
    done()
    throw error
  }
  if (!types.isPromise(result)) {
    done()
    return result
  }
  if (Object.getPrototypeOf(result) === Promise.prototype) return follow(result, done) as T
  result.then(done, done)
  return result
}

async function follow<T>(promise: Promise<T>, done: () => void): Promise<T> {
  try {
    return await promise
  } finally {
    done()
  }
}
