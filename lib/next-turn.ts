// Taken once, on purpose: a turn of the event loop is no time, and work goes on under fake timers.
const { setImmediate } = globalThis

/** Lets the event loop go on to whatever waits for it. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
