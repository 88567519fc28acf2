// Lists of embeddings, each of which is an entry of its own: only those that are missing are asked for, together.

import type { Call } from './answer.ts'
import { tokenUsageOf } from './estimate.ts'
import { type Exchange, exchangeOf } from './exchange.ts'
import { unkept } from './failures.ts'
import { cachedHeaders, textResponse } from './response.ts'
import { ask } from './upstream.ts'

/** One embedding as it is stored. */
interface StoredEmbedding {
  readonly model: unknown
  /** As the provider gave it, without its place in the list. */
  readonly item: Record<string, unknown>
  /** A share of what the request took. */
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number }
}

interface EmbeddingList extends Record<string, unknown> {
  readonly data: Record<string, unknown>[]
}

export async function answerEmbeddings(call: Call): Promise<Response> {
  const { context, request, url, waiting } = call
  const { input, ...rest } = request.input
  const inputs = isOne(input) ? [input] : (input as unknown[])
  const lists: EmbeddingList[] = []
  let own: Exchange | undefined
  let text = ''
  const fetch = async (missing: unknown[], flight: AbortSignal): Promise<StoredEmbedding[]> => {
    own = exchangeOf(flight)
    waiting.follow(own)
    const body = { ...request.body, input: isOne(input) ? missing[0] : missing }
    const asked = { ...request, body, init: { ...request.init, body: JSON.stringify(body) } }
    text = (await ask(context, asked, own, flight)).body as string
    const list = listOf(own, text)
    lists.push(list)
    return embeddingsOf(list, missing.length)
  }
  const { ttl, cache } = context.settings
  const embeddings = await cache.getOrSetMany<StoredEmbedding>(inputs, { ...request.place, ...rest }, fetch, {
    sample: request.sample,
    signal: waiting.signal,
    ...(ttl !== undefined && { ttl }),
  })
  call.onEnd()
  const headers = own?.headers ?? cachedHeaders({ 'content-type': 'application/json' })
  const isAllAsked = lists.length === 1 && lists[0]?.data.length === inputs.length
  return textResponse(url, headers, isAllAsked ? text : JSON.stringify(merged(embeddings, lists)))
}

/** A text, or a list of tokens. */
function isOne(input: unknown): boolean {
  return !Array.isArray(input) || typeof input[0] === 'number' || input.length === 0
}

function listOf({ summary, isAnswer, headers }: Exchange, text: string): EmbeddingList {
  // What is no list of embeddings goes to whoever asked, and is not kept.
  if (!isAnswer) throw unkept(200, headers, text)
  return summary as EmbeddingList
}

/** In the order in which they were asked for. */
function embeddingsOf(list: EmbeddingList, count: number): StoredEmbedding[] {
  const tokens = (tokenUsageOf(list)?.inputTokens ?? 0) / count
  const usage = { prompt_tokens: tokens, total_tokens: tokens }
  const inOrder = [...list.data].sort((one, other) => Number(one.index) - Number(other.index))
  return inOrder.map(({ index: _, ...item }) => ({ model: list.model, item, usage }))
}

/** All of them as one list, with the usage of what was really asked for. */
function merged(embeddings: readonly StoredEmbedding[], lists: readonly EmbeddingList[]): Record<string, unknown> {
  const tokens = lists.reduce((sum, list) => sum + (tokenUsageOf(list)?.inputTokens ?? 0), 0)
  return {
    object: 'list',
    model: embeddings[0]?.model,
    ...lists.at(-1),
    data: embeddings.map(({ item: { object, ...item } }, index) => ({ object, index, ...item })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  }
}
