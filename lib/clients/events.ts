// Server-sent events, as far as they are needed to keep them: https://html.spec.whatwg.org/multipage/server-sent-events.html

const END_OF_EVENT = /\r\n\r\n|\n\n|\r\r/g

/** The texts of events, each with the empty line that ends it, from the parts of a body. The last may lack that line. */
export async function* eventsOf(body: AsyncIterable<unknown>): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const part of body) {
    // The end of an event can have come with the part before, save its last three characters.
    END_OF_EVENT.lastIndex = Math.max(0, text.length - 3)
    text += typeof part === 'string' ? part : decoder.decode(part as Uint8Array, { stream: true })
    let begin = 0
    while (END_OF_EVENT.test(text)) {
      yield text.slice(begin, END_OF_EVENT.lastIndex)
      begin = END_OF_EVENT.lastIndex
    }
    text = text.slice(begin)
  }
  text += decoder.decode()
  if (text !== '') yield text
}

/** The name and the data of an event. */
export function fieldsOf(event: string): { name: string; data: string } {
  let name = ''
  const data: string[] = []
  for (const line of event.split(/\r\n|\n|\r/)) {
    const value = () => line.slice(line.indexOf(':') + 1).replace(/^ /, '')
    if (line.startsWith('data:')) data.push(value())
    else if (line.startsWith('event:')) name = value()
  }
  return { name, data: data.join('\n') }
}

/** The data of an event as an object; empty where it is none. */
export function objectOf(data: string): Record<string, any> {
  try {
    const value: unknown = JSON.parse(data)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
