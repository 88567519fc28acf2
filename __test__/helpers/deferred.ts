/** A promise that the test settles itself. */
export function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (failure: unknown) => void
  const promise = new Promise<T>((settle, fail) => {
    resolve = settle
    reject = fail
  })
  return { promise, resolve, reject }
}

/** Lets everything run that is ready to. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
