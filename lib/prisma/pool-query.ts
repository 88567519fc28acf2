// One call of a client's `query`, in whichever form, until its outcome is there.

import { types } from 'node:util'
import { read } from '../values/read.ts'

/** Told once of the outcome. */
export type Outcome = (failure?: unknown) => void

type Call = (args: unknown[]) => unknown

/**
 * Calls `call` with `args`, and `done` once the query has ended: by callback, by promise, or, where it is an object
 * that pg lets speak with the server itself (`pg.Query`, a cursor), when the server is ready for the next one.
 */
export function observeQuery(call: Call, args: unknown[], done: Outcome): unknown {
  if (isSubmittable(args[0])) {
    observeSubmitted(args[0], done)
    return attempt(call, args, done)
  }
  const at = callbackAt(args)
  if (at !== undefined) {
    const callback = at < 0 ? read(args[0], 'callback') : args[at]
    const observed = [...args]
    observed[at < 0 ? 2 : at] = function (this: unknown, error: unknown, ...results: unknown[]) {
      done(error || undefined)
      return Reflect.apply(callback as () => unknown, this, [error, ...results])
    }
    return attempt(call, observed, done)
  }
  const result = attempt(call, args, done)
  if (types.isPromise(result)) return follow(result, done)
  done()
  return result
}

/** Whether a query is an object that speaks with the server itself, possibly for as long as somebody reads from it. */
export function isSubmittable(query: unknown): query is object {
  return typeof read(query, 'submit') === 'function'
}

/** Where the callback is: the third argument goes before the second, −1 is a property of the first. */
function callbackAt(args: unknown[]): number | undefined {
  if (args[2]) return typeof args[2] === 'function' ? 2 : undefined
  if (typeof args[1] === 'function') return 1
  return typeof read(args[0], 'callback') === 'function' ? -1 : undefined
}

function attempt(call: Call, args: unknown[], done: Outcome): unknown {
  try {
    return call(args)
  } catch (error) {
    done(error)
    throw error
  }
}

/** A rejection that nobody handles is still reported as one, since nobody but the caller has this promise. */
async function follow(promise: Promise<unknown>, done: Outcome): Promise<unknown> {
  let result: unknown
  try {
    result = await promise
  } catch (error) {
    done(error)
    throw error
  }
  done()
  return result
}

/** pg calls one of these two first, whatever kind of object it is. They are as before once one was called. */
function observeSubmitted(query: object, done: Outcome): void {
  const restore = ['handleReadyForQuery', 'handleError'].map((name) =>
    replaceMethod(query, name, (original) => {
      return function (this: unknown, ...args: unknown[]) {
        for (const undo of restore) undo()
        done(name === 'handleError' ? args[0] : undefined)
        return Reflect.apply(original, this, args)
      }
    }),
  )
}

type Method = (this: any, ...args: any[]) => unknown

/**
 * Puts a method in front of the one that an object has. The function returned takes it away again; where somebody has
 * put another one in front of it since, it has to stay.
 */
export function replaceMethod(object: object, name: string, make: (original: Method) => Method): () => void {
  const own = Object.getOwnPropertyDescriptor(object, name)
  const replacement = make(read(object, name) as Method)
  Object.defineProperty(object, name, { value: replacement, configurable: true, writable: true, enumerable: false })
  return () => {
    if (read(object, name) !== replacement) return
    if (own === undefined) Reflect.deleteProperty(object, name)
    else Object.defineProperty(object, name, own)
  }
}
