import { pick, randomFor } from './random.ts'

export interface KnownQuestion {
  question: string
  answer: number
  /** How the answer is worked out, such as `3 * 14 - 5`; shown in the solution. */
  check?: string
}

/** Writes the solution that a model of the given accuracy gives: the same one each time for the same question. */
export function solve(known: KnownQuestion, model: string, accuracy: number, seed: number): string {
  const random = randomFor(seed, model, known.question)
  const answer = random() < accuracy ? known.answer : slip(random, known)
  const opening = pick(random, ['Let us work it out.', 'Step by step:', 'We put down what is given and calculate.'])
  const working = known.check === undefined ? '' : `\n${known.check} = ${answer}`
  return `${opening}${working}\n${pick(random, ['So the answer is', 'That makes', 'We get'])} ${answer}.\nA: ${dressed(random, answer)}`
}

/** A wrong answer as people make them: a number of the question added or forgotten, one off, doubled, a lost zero. */
function slip(random: () => number, { question, answer }: KnownQuestion): number {
  const given = (question.match(/\d+(\.\d+)?/g) ?? []).map(Number)
  const candidates = [answer + 1, answer - 1, answer * 2, answer * 10, answer / 2, ...given]
  candidates.push(...given.flatMap((number) => [answer + number, answer - number]))
  const wrong = candidates.map((value) => Number(value.toPrecision(8))).filter((value) => value !== answer)
  return pick(random, wrong)
}

/** Models do not agree on how a number is written, so this one does not either. */
function dressed(random: () => number, value: number): string {
  const grouped = value.toLocaleString('en-US', { maximumFractionDigits: 8 })
  return pick(random, [String(value), String(value), grouped, `${grouped}.`])
}
