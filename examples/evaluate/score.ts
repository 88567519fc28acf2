// A sign counts only where it is no minus between two terms; a simple fraction counts as one number.
const NUMBER = /(?:(?<![\d)]\s?)[-−]\s?)?\$?\s?(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)(?:\s?\/\s?\d+)?/g

/**
 * The number that a text ends with: the first one after its last `A:` (or `####`), or, without such a mark, the last
 * one. Thousands separators, a currency sign, emphasis and a closing period do not matter: `A: **$1,250.**` is 1250.
 */
export function finalNumber(text: string): number | undefined {
  const mark = [...text.matchAll(/\bA:|####/g)].at(-1)
  const numbers = text.slice(mark ? mark.index + mark[0].length : 0).match(NUMBER)
  const found = mark ? numbers?.[0] : numbers?.at(-1)
  if (found === undefined) return undefined
  const [numerator, denominator] = found
    .replace(/[\s$,]/g, '')
    .replace('−', '-')
    .split('/')
  return Number(numerator) / (denominator === undefined ? 1 : Number(denominator))
}

/** Whether a text's final number is the expected one; rounding errors of binary fractions are forgiven. */
export function isCorrect(text: string, expected: number): boolean {
  const found = finalNumber(text)
  return found !== undefined && Math.abs(found - expected) <= 1e-12 * Math.max(1, Math.abs(expected))
}
