import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, vi } from 'vitest'

/** A server that streams what the test writes, when it does. */
export async function startScript() {
  const responses: ServerResponse[] = []
  const closed: boolean[] = []
  const server = createServer((message, response) => {
    const index = responses.push(response) - 1
    closed[index] = false
    response.once('close', () => {
      closed[index] = true
    })
    message.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': `r${index}` })
    response.flushHeaders()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  const arrived = (count: number) => eventually(() => expect(responses).toHaveLength(count))
  return { url, responses, closed, arrived }
}

/** An event of a streamed chat completion. */
export function chunk(content: string, finish_reason: string | null = null): string {
  const choices = [{ index: 0, delta: { content }, finish_reason }]
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 0, model: 'sure', choices })}\n\n`
}

/** The events that end one. */
export const END = `${chunk('', 'stop')}data: [DONE]\n\n`

/** Waits until the check does not throw any more. */
export function eventually<T>(check: () => T): Promise<T> {
  return vi.waitFor(check, { timeout: 30_000, interval: 5 })
}
