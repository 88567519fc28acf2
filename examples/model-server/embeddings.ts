// POST /v1/embeddings, as OpenAI has it.

import { invalid, parseJson, requireModel, tokens } from './protocol.ts'
import { randomFor } from './random.ts'

export interface EmbeddingRequest {
  model: string
  texts: string[]
  dimensions: number
  isBase64: boolean
  promptTokens: number
}

const MOST_TEXTS = 2048
const MOST_DIMENSIONS = 3072

/** Checks a request's body; throws an `ApiError` that says what is wrong with it. */
export function parseEmbeddingRequest(text: string): EmbeddingRequest {
  const body = parseJson(text)
  const model = requireModel(body.model)
  const texts = readInput(body.input)
  const dimensions = body.dimensions ?? 16
  if (!(Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= MOST_DIMENSIONS)) {
    throw invalid('dimensions', `expected an integer from 1 to ${MOST_DIMENSIONS}`)
  }
  const format = body.encoding_format ?? 'float'
  if (format !== 'float' && format !== 'base64') throw invalid('encoding_format', "expected 'float' or 'base64'")
  const promptTokens = texts.reduce((sum, each) => sum + tokens(each).length, 0)
  return { model, texts, dimensions, isBase64: format === 'base64', promptTokens }
}

/** A text, several, or the numbers of tokens instead of texts. */
function readInput(input: unknown): string[] {
  if (typeof input === 'string') return [nonEmpty(input, 'input')]
  if (!Array.isArray(input) || input.length === 0) throw invalid('input', 'expected a string or a non-empty array')
  if (input.every(Number.isInteger)) return [input.join(' ')]
  if (input.length > MOST_TEXTS) throw invalid('input', `expected at most ${MOST_TEXTS} texts`)
  return input.map((each, index) => {
    if (typeof each === 'string') return nonEmpty(each, `input[${index}]`)
    if (Array.isArray(each) && each.length > 0 && each.every(Number.isInteger)) return each.join(' ')
    throw invalid(`input[${index}]`, 'expected a string or an array of tokens')
  })
}

function nonEmpty(text: string, at: string): string {
  if (text === '') throw invalid(at, 'the text is empty')
  return text
}

export function embeddingList({ model, texts, dimensions, isBase64, promptTokens }: EmbeddingRequest) {
  const data = texts.map((text, index) => {
    const vector = embed(model, text, dimensions)
    return { object: 'embedding', index, embedding: isBase64 ? inBase64(vector) : vector }
  })
  return { object: 'list', data, model, usage: { prompt_tokens: promptTokens, total_tokens: promptTokens } }
}

/** A vector of length 1, always the same for a text, and near to those of texts that share words with it. */
export function embed(model: string, text: string, dimensions: number): number[] {
  const sum = new Array<number>(dimensions).fill(0)
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text]) {
    const random = randomFor('embedding', model, word)
    for (let index = 0; index < dimensions; index++) sum[index] = (sum[index] as number) + random() + random() - 1
  }
  const length = Math.hypot(...sum)
  return sum.map((value) => Math.fround(value / length))
}

function inBase64(vector: number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4)
  return bytes.toString('base64')
}
