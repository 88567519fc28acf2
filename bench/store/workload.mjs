// What is stored, the same for all: requests with answers of 1 KB as JSON, and embeddings. The n-th is always the same.

export const RESPONSE_BYTES = 1_024
export const DIMENSIONS = 1_536

export const config = { provider: 'openai', model: 'gpt-4o', temperature: 0, max_tokens: 512 }

const WORDS = 'a student may transfer in spring once every form that the board asks for is in order'.split(' ')

export const input = (index) => `Question ${index}: may a student who has ${index % 97} credits transfer in spring?`

/** A chat completion of so many bytes as JSON. */
export function response(index) {
  const usage = { prompt_tokens: 40 + (index % 60), completion_tokens: 150, total_tokens: 190 + (index % 60) }
  const completion = {
    id: `chatcmpl-${String(index).padStart(10, '0')}`,
    model: 'gpt-4o-2024-08-06',
    created: 1_700_000_000 + index,
    choices: [{ index: 0, message: { role: 'assistant', content: '' }, finish_reason: 'stop' }],
    usage,
  }
  const length = RESPONSE_BYTES - JSON.stringify(completion).length
  let content = ''
  for (let at = index; content.length < length; at++) content += `${WORDS[(at * 7) % WORDS.length]} `
  completion.choices[0].message.content = content.slice(0, length)
  return received(completion)
}

/** As it comes from the network: of strings that are not put together from others. */
function received(value) {
  return JSON.parse(JSON.stringify(value))
}

/** Single precision, as providers send it. */
export function embedding(index) {
  return Array.from({ length: DIMENSIONS }, (_, at) => Math.fround(Math.sin(index * 0.37 + at)))
}

/** Different numbers below `count`, in an order that no cache of pages foresees. */
export function scattered(count, wanted, seed) {
  const step = 39_119 // prime, so that it goes round every count that is no multiple of it
  return Array.from({ length: wanted }, (_, at) => ((seed + at) * step) % count)
}
