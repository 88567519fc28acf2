import { checkString, wrongType } from '../arguments.ts'
import { performanceMonitor } from './performance-monitor.ts'

type Method = (this: unknown, ...args: unknown[]) => unknown

/**
 * Times each call of a method through `performanceMonitor`: until it returns or throws or, where it returns a promise,
 * until that settles. Works as a standard decorator and as one of TypeScript's `experimentalDecorators`, on instance,
 * static and private methods. `this`, arguments, outcome, and the method's `name` and `length` stay as they are.
 *
 * ```ts
 * class Scorer {
 *   @Measure() // 'Scorer.score'
 *   async score(answer: string) {
 *     return judge(answer)
 *   }
 * }
 * ```
 *
 * An object that has a `then` but is no `Promise` is a value like any other: it is timed until the method returns it.
 *
 * @param name The component's name.
 * By default `Class.method`, where the class is the one the object belongs to at the time of the call.
 * @throws TypeError where `name` is not a string, or what is decorated is not a method.
 */
export function Measure(name?: string): any {
  if (name !== undefined) checkString('name', name)
  return (value: unknown, key: unknown, descriptor?: PropertyDescriptor) => {
    if (isDecoratorContext(key)) return timed(checkMethod(key.kind === 'method' ? value : undefined), key.name, name)
    const method = checkMethod(descriptor?.value)
    return { ...descriptor, value: timed(method, key as string | symbol, name) }
  }
}

function isDecoratorContext(key: unknown): key is { kind: string; name: string | symbol } {
  return typeof key === 'object' && key !== null && 'kind' in key
}

function checkMethod(value: unknown): Method {
  if (typeof value !== 'function') throw wrongType('@Measure', 'on a method', value)
  return value as Method
}

function timed(method: Method, key: string | symbol, name: string | undefined): Method {
  function timedMethod(this: unknown, ...args: unknown[]): unknown {
    return performanceMonitor.measureCall(name ?? defaultName(this, key), () => method.apply(this, args))
  }
  return Object.defineProperties(timedMethod, {
    name: { value: method.name, configurable: true },
    length: { value: method.length, configurable: true },
  })
}

/** `Class.method`; the method alone where it is called without an object, or on one of a class without a name. */
function defaultName(self: any, key: string | symbol): string {
  const className = typeof self === 'function' ? self.name : self?.constructor?.name
  return typeof className === 'string' && className !== '' ? `${className}.${String(key)}` : String(key)
}
