// What callers of a cache in this package keep of a call of the cached function, for all who wait for that call.

/**
 * Gives the same object for each call, known by the signal that the cache gives it: to the function itself, and by
 * `ON_CALL` to everybody who waits for it.
 */
export function perCall<T>(make: () => T): (call: AbortSignal) => T {
  const known = new WeakMap<AbortSignal, T>()
  return (call) => {
    const there = known.get(call)
    if (there !== undefined) return there
    const made = make()
    known.set(call, made)
    return made
  }
}
