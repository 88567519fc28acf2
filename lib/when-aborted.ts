/** Calls `act` with the reason when the signal aborts, or at once if it has. Returns what ends the listening. */
export function whenAborted(signal: AbortSignal | null | undefined, act: (reason: unknown) => void): () => void {
  if (!signal) return () => {}
  if (signal.aborted) {
    act(signal.reason)
    return () => {}
  }
  const listener = () => act(signal.reason)
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}
