import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'

interface Row {
  id: string
  question: string
  answer: number
  check: string
}

const file = new URL('../examples/datasets/arithmetic.jsonl', import.meta.url)
const rows: Row[] = readFileSync(file, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line))

test('the shipped dataset has at least 240 questions', () => {
  expect(rows.length).toBeGreaterThanOrEqual(240)
})

test('every row has an id, a question, a finite answer and a check, and nothing else', () => {
  for (const row of rows) {
    expect(Object.keys(row), row.id).toEqual(['id', 'question', 'answer', 'check'])
    expect(row.id).toMatch(/^[a-z-]+-\d{2}$/)
    expect(row.question.length, row.id).toBeGreaterThan(10)
    expect(Number.isFinite(row.answer), row.id).toBe(true)
  }
})

test('no id and no question occurs twice', () => {
  expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length)
  const questions = rows.map((row) => row.question.toLowerCase().replace(/\W+/g, ' '))
  expect(new Set(questions).size).toBe(rows.length)
})

test('no two questions differ in their numbers only', () => {
  const templates = rows.map((row) => row.question.toLowerCase().replace(/[\d.,$]+/g, '#'))
  expect(new Set(templates).size).toBe(rows.length)
})

test('every answer is what its check works out to', () => {
  for (const row of rows) {
    expect(row.check, row.id).toMatch(/^[\d\s.()+\-*/%]+$/)
    expect(row.check, `${row.id} must be worked out, not repeated`).not.toBe(String(row.answer))
    expect(runInNewContext(row.check), row.id).toBeCloseTo(row.answer, 9)
  }
})
