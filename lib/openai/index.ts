import { cachedClient } from '../clients/cached.ts'
import type { CachedOptions } from '../clients/options.ts'
import { peerVersion } from '../peer.ts'
import { OPENAI } from './protocols.ts'

export { isCached } from '../clients/mark.ts'
export type { CachedOptions } from '../clients/options.ts'
export { sample } from '../clients/sample.ts'

peerVersion('openai', { name: 'openai', majors: [6, 7] })

/** A client of the `openai` package: `OpenAI`, `AzureOpenAI` or a class made of them. */
export interface OpenAIClient {
  baseURL: string
  maxRetries: number
  chat: object
  embeddings: object
  responses: object
  withOptions(options: any): object
}

/**
 * A client like `client`, of its class and with its settings, whose `chat.completions`, `responses` and `embeddings` go
 * through a cache, streamed or not, also by `parse` and `stream`. Everything else it does as ever, and `client` itself is
 * left as it is.
 *
 * Two requests are the same if they have the same body, whatever the order of its properties, save what `ignore` names,
 * and go to the same URL with the same headers, save credentials and those that name or trace single requests; a request
 * of `stream: true` is another than one without. A request that was made before is answered from the cache, byte for byte,
 * and one that is being made is waited for. An answer that was refused, cut off or ended by an error is given to those who
 * wait for it, and not kept. Of a list of embeddings, only those are asked for that are not there, and `usage` is that of
 * what was asked for. Requests with `background` or `conversation` are not cached.
 *
 * A stream is given on as it comes, to all who ask for it meanwhile. It is kept when it ended well, and goes on as long as
 * anybody reads it; from the cache the same events come.
 *
 * Retries of the client are off (`maxRetries: 0`), unless a call or `withOptions` asks for them: each would be a request
 * that an executor or limiter does not know of. `new ParallelExecutor({ retry: true, … })` retries what is worth it, after
 * the time that the provider asks for. `timeout` is that of the request itself, not of the wait for a permit before it.
 *
 * @throws TypeError or RangeError for an option of the wrong type or without sense.
 * @example
 * import OpenAI from 'openai'
 *
 * const client = new OpenAI({ apiKey: 'any', fetch: provider })
 * const openai = cached(client, { cache: new ResponseCache({ maxSize: 10_000 }) })
 * const question = { model: 'gpt-5', messages: [{ role: 'user' as const, content: 'What is 2 plus 3?' }] }
 *
 * await openai.chat.completions.create(question)
 * const again = await openai.chat.completions.create(question) // no request: the same answer
 * isCached(again) // true
 * const other = await openai.chat.completions.create(question, { headers: sample(1) }) // another answer, kept apart
 * isCached(other) // false
 */
export function cached<Client extends OpenAIClient>(client: Client, options?: CachedOptions): Client {
  return cachedClient(OPENAI, client, options) as Client
}
