/** How a provider says when to come back. */
export type RetryAfterForm = 'seconds' | 'date' | 'milliseconds' | 'none'

export interface RetryAfter {
  readonly headers: Record<string, string>
  /** The moment that the headers name, on the clock of `performance.now()`; `undefined` where they name none. */
  readonly until: number | undefined
}

/** The headers that ask to wait for at least `wait` milliseconds; seconds and dates are rounded up, as they must be. */
export function retryAfter(form: RetryAfterForm, wait: number): RetryAfter {
  const now = performance.now()
  switch (form) {
    case 'seconds': {
      const seconds = Math.ceil(wait / 1000)
      return { headers: { 'retry-after': String(seconds) }, until: now + seconds * 1000 }
    }
    case 'milliseconds':
      return { headers: { 'retry-after-ms': String(wait) }, until: now + wait }
    case 'date': {
      const date = new Date(Math.ceil((Date.now() + wait) / 1000) * 1000)
      return { headers: { 'retry-after': date.toUTCString() }, until: now + date.getTime() - Date.now() }
    }
    case 'none':
      return { headers: {}, until: undefined }
  }
}
