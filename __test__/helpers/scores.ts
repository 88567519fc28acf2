import type { TextPair, TextScorer } from '@aah/ai-evals-performance'

const normalize = (text: string) => text.toLowerCase().normalize('NFC').replace(/\s+/g, ' ').trim()

const words = (text: string) => {
  const bare = text
    .toLowerCase()
    .normalize('NFC')
    .replace(/[\p{P}$+<=>^`|~]/gu, '')
  return bare.split(/\s+/).filter((word) => !['', 'a', 'an', 'the'].includes(word))
}

function distance(one: string[], other: string[]): number {
  let row = other.map((_, column) => column + 1)
  for (const [index, character] of one.entries()) {
    let [left, diagonal] = [index + 1, index]
    row = row.map((above, column) => {
      left = Math.min(above + 1, left + 1, diagonal + (character === other[column] ? 0 : 1))
      diagonal = above
      return left
    })
  }
  return row.at(-1) ?? one.length
}

/** What the documentation says, in plain JavaScript. */
const REFERENCE: Record<TextScorer, (expected: string, actual: string) => number> = {
  exact: (expected, actual) => Number(expected === actual),
  normalizedExact: (expected, actual) => Number(normalize(expected) === normalize(actual)),
  levenshtein(expected, actual) {
    const [one, other] = [[...expected], [...actual]]
    const longer = Math.max(one.length, other.length)
    return longer === 0 ? 1 : 1 - distance(one, other) / longer
  },
  tokenF1(expected, actual) {
    const [wanted, got] = [words(expected), words(actual)]
    const left = [...got]
    const common = wanted.filter((word) => left.includes(word) && left.splice(left.indexOf(word), 1))
    return wanted.length + got.length === 0 ? 1 : (2 * common.length) / (wanted.length + got.length)
  },
}
export const SCORERS = Object.keys(REFERENCE) as TextScorer[]

export const references = (scorer: TextScorer, pairs: readonly TextPair[]) =>
  pairs.map((pair) => REFERENCE[scorer](...pair))
