import { read } from '../values/read.ts'
// biome-ignore lint/suspicious/noShadowRestrictedNames: the documented name of the type
import type { EvalError, ExecutionTask } from './types.ts'

/** Failures of Node's network layer and of undici, the client behind `fetch`. */
const NETWORK_CODES = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ESOCKETTIMEDOUT',
  'ETIMEDOUT',
  'ERR_NETWORK',
  'ERR_STREAM_PREMATURE_CLOSE',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_SOCKET',
])
/** Those of them that say that nobody was reached. */
const UNREACHED_CODES = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
])
/** How runtimes and the clients of OpenAI and Anthropic name them, by `name`, `type`, `code` or class. */
const TRANSIENT_NAME = /abort|timeout|APIConnection|rate_?limit|overloaded|TooManyRequests|Throttling/i
const RATE_LIMIT_NAME = /rate_?limit|TooManyRequests|Throttling/i
const TRANSIENT_MESSAGE =
  /time(d )?-?out|rate.?limit|too many requests|fetch failed|network error|socket hang up|overloaded|connection (error|reset|refused|closed|lost)|ECONN|ETIMEDOUT|EAI_AGAIN/i
/** Statuses other than 5xx that a later try may not meet: timeout, lock conflict, too early, rate limit. */
const TRANSIENT_STATUSES = new Set([408, 409, 425, 429])
/** Longest chain of causes that is followed. */
const MOST_CAUSES = 20

/** A task's failure as data; what was thrown is its `cause`, untouched. Never throws, whatever was thrown. */
export function toEvalError(thrown: unknown, task: ExecutionTask): EvalError {
  const testCaseId = read(read(task, 'testCase'), 'id')
  const stack = read(thrown, 'stack')
  return {
    type: 'execution',
    severity: 'error',
    message: messageOf(thrown),
    testCaseId: typeof testCaseId === 'string' ? testCaseId : task.id,
    ...(typeof stack === 'string' && { stack }),
    retryable: isRetryable(thrown),
    timestamp: new Date(Date.now()),
    cause: thrown,
  }
}

/**
 * Whether the same call may succeed later. What the failure declares itself decides: the AWS SDK's throttling has a status
 * of 400, and the AI SDK's 429 may be a budget that is spent. Then a status; then codes and names, then what the messages
 * say.
 */
export function isRetryable(thrown: unknown): boolean {
  const failures = withCauses(thrown)
  for (const failure of failures) {
    if (typeof read(failure, '$retryable') === 'object') return true
    const declared = read(failure, 'isRetryable')
    if (typeof declared === 'boolean') return declared
    const status = statusOf(failure)
    if (status !== undefined) return TRANSIENT_STATUSES.has(status) || (status >= 500 && status <= 599)
    if (hasTransientName(failure)) return true
  }
  return failures.some((failure) => TRANSIENT_MESSAGE.test(messageOf(failure)))
}

/** Whether the provider surely did not answer: it was not reached, or said no with a status. */
export function wasRefused(thrown: unknown): boolean {
  return withCauses(thrown).some((failure) => {
    return statusOf(failure) !== undefined || UNREACHED_CODES.has(read(failure, 'code') as string)
  })
}

/** Whether the provider said that there were too many requests. */
export function isRateLimit(thrown: unknown): boolean {
  for (const failure of withCauses(thrown)) {
    if (read(read(failure, '$retryable'), 'throttling') === true) return true
    const status = statusOf(failure)
    if (status !== undefined) return status === 429
    if (namesOf(failure).some((name) => typeof name === 'string' && RATE_LIMIT_NAME.test(name))) return true
  }
  return false
}

/** What was thrown, then its causes, then theirs: also where clients collect several tries in one error. */
export function withCauses(thrown: unknown): unknown[] {
  const found = new Set<unknown>([thrown])
  for (const failure of found) {
    const several = read(failure, 'errors')
    const nested = [read(failure, 'cause'), read(failure, 'lastError'), read(failure, 'error')]
    for (const cause of nested.concat(read(several, 'length') === undefined ? [] : listed(several))) {
      if (cause !== undefined && cause !== null && found.size < MOST_CAUSES) found.add(cause)
    }
  }
  return [...found]
}

function listed(values: unknown): unknown[] {
  return Array.from({ length: MOST_CAUSES }, (_, index) => read(values, index))
}

/** `status` (OpenAI, Anthropic, fetch), `statusCode` (AI SDK), and where axios, the AWS SDK and Google's put it. */
function statusOf(failure: unknown): number | undefined {
  const candidates = [
    read(failure, 'status'),
    read(failure, 'statusCode'),
    read(read(failure, 'response'), 'status'),
    read(read(failure, '$metadata'), 'httpStatusCode'),
    read(failure, 'code'),
  ]
  for (const candidate of candidates) {
    if (typeof candidate !== 'number' && !(typeof candidate === 'string' && /^\d{3}$/.test(candidate))) continue
    const status = Number(candidate)
    if (Number.isInteger(status) && status >= 400 && status <= 599) return status
  }
  return undefined
}

function hasTransientName(failure: unknown): boolean {
  const code = read(failure, 'code')
  if (typeof code === 'string' && NETWORK_CODES.has(code)) return true
  return namesOf(failure).some((name) => typeof name === 'string' && TRANSIENT_NAME.test(name))
}

function namesOf(failure: unknown): unknown[] {
  return [
    read(failure, 'code'),
    read(failure, 'name'),
    read(failure, 'type'),
    read(read(failure, 'constructor'), 'name'),
  ]
}

function messageOf(thrown: unknown): string {
  const message = read(thrown, 'message')
  if (typeof message === 'string') return message
  try {
    if (typeof thrown !== 'object' || thrown === null) return String(thrown)
    return JSON.stringify(thrown) ?? 'Unknown error'
  } catch {
    return 'Unknown error'
  }
}
