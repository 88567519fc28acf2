import { type Prompt, type Reply, tokens } from './protocol.ts'
import { pick, randomFor } from './random.ts'
import { valueFor } from './schema.ts'

/** Makes a reply of a solution: the call of a tool, JSON where it is asked for, or the text; not longer than allowed. */
export function replyTo(prompt: Prompt, solution: string, most = Number.POSITIVE_INFINITY): Reply {
  const { tool, schema, question } = prompt
  let full = solution
  if (tool) full = JSON.stringify(valueFor(tool.schema, { text: question, number: lastNumber(question) }))
  else if (schema) full = JSON.stringify(valueFor(schema, { text: solution, number: lastNumber(solution) }))
  else if (prompt.toolResult !== undefined) full = `The tool says: ${prompt.toolResult}\n${solution}`
  const written = tokens(full)
  const kept = written.slice(0, Math.min(prompt.maxTokens, most))
  return {
    pieces: inPieces(kept, randomFor('pieces', full)),
    text: kept.join(''),
    ...(tool && { call: { id: identifier(tool.name, question), name: tool.name } }),
    isCut: kept.length < written.length,
    inputTokens: prompt.promptTokens,
    outputTokens: kept.length,
  }
}

/** Puts one to four tokens into each piece, as providers stream them. */
function inPieces(written: string[], random: () => number): string[] {
  const pieces: string[] = []
  for (let at = 0; at < written.length; ) {
    const next = at + pick(random, [1, 2, 3, 4])
    pieces.push(written.slice(at, next).join(''))
    at = next
  }
  return pieces
}

function lastNumber(text: string): number {
  return Number(
    text
      .match(/-?\d[\d,]*(\.\d+)?/g)
      ?.at(-1)
      ?.replaceAll(',', '') ?? 0,
  )
}

/** Of a call: the same for the same call, so that a conversation that is repeated is the same one. */
function identifier(...parts: string[]): string {
  const random = randomFor(...parts)
  return Array.from({ length: 24 }, () => pick(random, [...'0123456789abcdefghijklmnopqrstuvwxyz'])).join('')
}
