import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { anthropicError } from './messages.ts'
import { ApiError } from './protocol.ts'

export interface Answer {
  body: unknown
  headers: Record<string, string>
}

/** Answers the body of a request; `undefined` where it has dealt with the response itself. */
export type Route = (body: string, request: IncomingMessage, response: ServerResponse) => Promise<Answer | undefined>

export interface ApiServer {
  /** The base URL for a client, such as `http://127.0.0.1:40123/v1`. */
  url: string
  server: Server
  /** Drops open requests and resolves when the port is free. */
  close(): Promise<void>
}

const LONGEST_BODY = 1024 * 1024

/**
 * Serves routes such as `POST /v1/chat/completions` on a free port of the loopback interface, to whoever has a key.
 * What a route throws becomes an error in the shape that its clients understand.
 */
export async function serveApi(routes: Record<string, Route>): Promise<ApiServer> {
  const server = createServer((request, response) => {
    answer(routes, request, response).then(
      (answered) => answered && send(response, 200, answered.body, answered.headers),
      (error) => {
        const known = error instanceof ApiError ? error : new ApiError(500, String(error), { type: 'server_error' })
        send(response, known.status, errorBody(request, known), known.headers)
      },
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(routes: Record<string, Route>, request: IncomingMessage, response: ServerResponse) {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  const name = `${request.method} ${pathname}`
  const body = await read(request)
  if (!/^Bearer \S/.test(request.headers.authorization ?? '') && !request.headers['x-api-key']) {
    throw new ApiError(401, "You didn't provide an API key.", { code: 'invalid_api_key' })
  }
  const route = Object.hasOwn(routes, name) ? routes[name] : undefined
  if (route === undefined) throw new ApiError(404, `Unknown request URL: ${name}.`)
  return route(body, request, response)
}

function errorBody(request: IncomingMessage, error: ApiError): unknown {
  return request.url?.startsWith('/v1/messages') ? anthropicError(error) : error.body()
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > LONGEST_BODY) throw new ApiError(413, 'The request is too large.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string>): void {
  if (response.destroyed) return
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}
