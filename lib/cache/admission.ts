// Which answers of models are worth keeping: not those that were refused, cut off or ended by an error.
//
// Reads the responses of OpenAI (chat completions and responses), Anthropic and the AI SDK, and any object that says how
// it ended in the words of one of them.

import { read } from '../values/read.ts'

const BAD_ENDS = new Set([
  'length',
  'content_filter',
  'content-filter',
  'error',
  'interrupted',
  'max_tokens',
  'model_context_window_exceeded',
  'refusal',
  'incomplete',
])
const BAD_STATES = new Set(['incomplete', 'failed', 'cancelled', 'queued', 'in_progress'])
const END_NAMES = ['finishReason', 'finish_reason', 'stop_reason']

/** Whether a value is no model's answer, or one that came to its natural end. */
export function isWhole(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (endedBadly(value)) return false
  const choices = read(value, 'choices')
  if (Array.isArray(choices)) return choices.every(isWholeChoice)
  return read(value, 'object') !== 'response' || isWholeResponse(value)
}

function endedBadly(answer: unknown): boolean {
  return END_NAMES.some((name) => {
    const end = read(answer, name)
    // The models of the AI SDK say it in common words and in those of the provider.
    return BAD_ENDS.has(end as string) || BAD_ENDS.has(read(end, 'unified') as string)
  })
}

/** One of the choices of a chat completion. */
function isWholeChoice(choice: unknown): boolean {
  return !endedBadly(choice) && !isText(read(read(choice, 'message'), 'refusal'))
}

/** What OpenAI calls a response: messages with parts. */
function isWholeResponse(response: object): boolean {
  if (BAD_STATES.has(read(response, 'status') as string)) return false
  return !items(response, 'output').some((message) => items(message, 'content').some(isRefusal))
}

function isRefusal(part: unknown): boolean {
  return read(part, 'type') === 'refusal'
}

function items(value: unknown, name: string): unknown[] {
  const list = read(value, name)
  return Array.isArray(list) ? list : []
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}
