// What pg says when a connection or an answer does not come, in words that name the server and the number to change.
// What the server itself says, and how the system calls a failure of the network, stays the same object with the same
// code: Prisma tells them apart by that.

import { types } from 'node:util'
import { PerformanceError } from '../errors.ts'
import { formatDuration } from '../native.ts'
import { read } from '../values/read.ts'
import type { PoolSettings } from './pool-options.ts'

/** No connection became free in time. */
const WAITED = 'timeout exceeded when trying to connect'
/** A connection could not be opened in time. */
const NOT_OPENED = ['Connection terminated due to connection timeout', 'timeout expired']
const CUT_OFF = ['Connection terminated unexpectedly', 'Connection terminated']
/** Of pg's own `query_timeout`, which our pools do without. */
const NO_ANSWER = 'Query read timeout'
const QUERY_TIMEOUT = 'ERR_POOL_QUERY_TIMEOUT'

/** The server has as many clients as its `max_connections` says. */
const TOO_MANY_CLIENTS = '53300'
/** A cancelled statement, a lock not had, a transaction idle for too long. */
const SERVER_TIMEOUTS = ['57014', '55P03', '25P03']

/** How things stand in a pool when a call fails. */
export interface Situation {
  max: number
  /** Connections that were opened. */
  open: number
  /** Others that wait as well. */
  waiting: number
}

/** Whether a limit of time is why something failed. */
export function isTimeout(error: unknown): boolean {
  const [code, message] = [read(error, 'code'), read(error, 'message')]
  if (code === 'ETIMEDOUT' || code === QUERY_TIMEOUT) return true
  if (typeof message !== 'string') return false
  // A statement is cancelled with that code by request, too.
  if (SERVER_TIMEOUTS.includes(String(code))) return code !== '57014' || message.includes('timeout')
  const cause = read(read(error, 'cause'), 'message')
  return [WAITED, NO_ANSWER, ...NOT_OPENED].some((text) => text === message || text === cause)
}

export function isRefusal(error: unknown): boolean {
  return read(error, 'code') === TOO_MANY_CLIENTS
}

/** Why a connection was not to be had. `server` is HOST:PORT. */
export function connectionError(
  error: unknown,
  server: string,
  { connectionTimeout }: PoolSettings,
  { max, open, waiting }: Situation,
): unknown {
  const message = read(error, 'message')
  const within = `within ${formatDuration(connectionTimeout)} (\`connectionTimeout\`)`
  const noAnswer = `${server} did not answer ${within}`
  if (message === WAITED && open > 0) {
    const others = waiting === 0 ? '' : `, and ${waiting} more ${waiting === 1 ? 'call waits' : 'calls wait'}`
    return new PerformanceError(
      'ERR_POOL_EXHAUSTED',
      `No connection to ${server} became free ${within}: all ${max} are in use${others}. ` +
        `Raise \`max\` (${max}), or hold connections for a shorter time`,
      { cause: error },
    )
  }
  if (message === WAITED || NOT_OPENED.includes(message as string)) {
    return new PerformanceError('ERR_POOL_CONNECT', noAnswer, { cause: error })
  }
  if (CUT_OFF.includes(message as string)) {
    return new PerformanceError('ERR_POOL_CONNECT', `${server} closed the connection before it was of use`, {
      cause: error,
    })
  }
  if (types.isNativeError(error)) nameServer(error, server)
  return error
}

/** A failure of the network says where, also when only a name could not be found or several addresses were tried. */
function nameServer(error: Error, server: string): void {
  const attempts = read(error, 'errors')
  if (typeof read(error, 'syscall') !== 'string' && !Array.isArray(attempts)) return
  if (error.message.includes(server)) return
  error.message = error.message === '' ? `connect ${read(error, 'code')} ${server}` : `${error.message} (${server})`
}

/** Why a connection was closed in the middle of a query. */
export function unanswered(server: string, { queryTimeout }: PoolSettings): PerformanceError {
  return new PerformanceError(
    QUERY_TIMEOUT,
    `${server} did not answer a query within ${formatDuration(queryTimeout)} (\`queryTimeout\`), so its connection was ` +
      'closed. Make the query cheaper, or raise `queryTimeout`',
  )
}
