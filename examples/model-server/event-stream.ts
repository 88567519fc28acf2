import type { ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import type { ServerEvent } from './protocol.ts'
import { randomFor } from './random.ts'

export interface StreamOptions {
  headers: Record<string, string>
  /** Breaks the connection after so many whole events. */
  cutAfter: number
  /** What to wait for before each event. */
  pause(): Promise<void>
}

/**
 * Sends server-sent events, whose ends are never those of a chunk: each chunk has the rest of one event and the
 * beginning of the next, as networks cut them, be it in the middle of a character.
 *
 * @returns Whether all were sent: the client may have gone before, or the connection may have been cut.
 */
export async function sendEvents(
  response: ServerResponse,
  events: ServerEvent[],
  { headers, cutAfter, pause }: StreamOptions,
): Promise<boolean> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', ...headers })
  let rest: Buffer = Buffer.alloc(0)
  for (const [index, event] of events.entries()) {
    await pause()
    // So that what was written leaves as a chunk of its own.
    await setImmediate()
    if (response.destroyed) return false
    const bytes = encode(event)
    const cut = 1 + Math.floor(randomFor('cut', index, bytes.length)() * (bytes.length - 2))
    const chunk = Buffer.concat([rest, bytes.subarray(0, cut)])
    if (index === cutAfter) {
      response.write(chunk, () => response.destroy())
      return false
    }
    response.write(chunk)
    rest = bytes.subarray(cut)
  }
  await setImmediate()
  response.end(rest)
  return true
}

function encode({ event, data }: ServerEvent): Buffer {
  const name = event === undefined ? '' : `event: ${event}\n`
  return Buffer.from(`${name}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`)
}
