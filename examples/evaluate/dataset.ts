import { readFileSync } from 'node:fs'
import { finalNumber } from './score.ts'
import { UsageError } from './usage-error.ts'

export interface Question {
  id: string
  question: string
  answer: number
  /** How the answer is worked out, where the file says it. */
  check?: string
  /** What models once answered, by the model's name, where the file holds it. */
  recorded: Map<string, RecordedAnswer>
}

export interface RecordedAnswer {
  solution: string
  /** Whether those who recorded it judged it correct. */
  isCorrect?: boolean
}

/** Reads a JSONL file of questions; throws a `UsageError` that names the line where something is wrong. */
export function loadDataset(file: string, limit = Number.POSITIVE_INFINITY): Question[] {
  const questions: Question[] = []
  for (const [index, line] of readText(file).split('\n').entries()) {
    if (questions.length >= limit) break
    if (line.trim() !== '') questions.push(parseLine(line, `${file}:${index + 1}`))
  }
  if (questions.length === 0) throw new UsageError(`${file} holds no questions`)
  return questions
}

function readText(file: string): string {
  try {
    // Windows' editors begin a file with a byte order mark, which is no JSON.
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    throw new UsageError(`Cannot read the dataset: ${(error as Error).message}`)
  }
}

function parseLine(line: string, place: string): Question {
  let row: any
  try {
    row = JSON.parse(line)
  } catch (error) {
    throw new UsageError(`${place}: not valid JSON (${(error as Error).message})`)
  }
  if (typeof row !== 'object' || row === null) throw new UsageError(`${place}: expected a JSON object`)
  if (typeof row.question !== 'string' || row.question.trim() === '') {
    throw new UsageError(`${place}: expected \`question\` to be a string that is not empty`)
  }
  // A worked solution will do as the answer: what counts is the number it ends with.
  const answer = row.answer ?? row.ground_truth
  const expected = typeof answer === 'string' ? finalNumber(answer) : answer
  if (typeof expected !== 'number' || !Number.isFinite(expected)) {
    throw new UsageError(`${place}: expected \`answer\` to be a number, or a text that ends with one`)
  }
  const { question, check, id = `line ${place.slice(place.lastIndexOf(':') + 1)}` } = row
  return { id: String(id), question, answer: expected, check, recorded: recordedAnswers(row) }
}

function recordedAnswers(row: Record<string, any>): Map<string, RecordedAnswer> {
  const answers = Object.entries(row).filter(([, value]) => typeof value?.solution === 'string')
  return new Map(answers.map(([name, value]) => [name, { solution: value.solution, isCorrect: value.is_correct }]))
}
