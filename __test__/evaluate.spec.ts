import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheManager, ParallelExecutor, ResponseCache } from '@aah/ai-evals-performance'
import fc from 'fast-check'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { loadDataset } from '../examples/evaluate/dataset.ts'
import type { Model } from '../examples/evaluate/model.ts'
import { parseOptions } from '../examples/evaluate/options.ts'
import { runEvaluation } from '../examples/evaluate/run.ts'
import { finalNumber, isCorrect } from '../examples/evaluate/score.ts'
import { duration, table } from '../examples/format.ts'
import { solve } from '../examples/model-server/answers.ts'

const shipped = join(__dirname, '../examples/datasets/arithmetic.jsonl')
const folder = mkdtempSync(join(tmpdir(), 'evaluate-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(...lines: string[]): string {
  const path = join(folder, `${Math.random()}.jsonl`)
  writeFileSync(path, lines.join('\n'))
  return path
}

describe('the final number', () => {
  test.each([
    ['A: 18', 18],
    ['So 3 * 6 = 18\nA: 18.', 18],
    ['A: $1,250.', 1250],
    ['A: **$1,250.50**', 1250.5],
    ['A: 1,234,567', 1234567],
    ['A: 1250000', 1250000],
    ['A: 3, 4', 3],
    ['A: -5', -5],
    ['A: −5 degrees', -5],
    ['A: -$5', -5],
    ['A: .5', 0.5],
    ['A: 12 %', 12],
    ['A: 3/4', 0.75],
    ['A: 5 - 3', 5],
    ['A: about 1,000 or so', 1000],
    ['A:\n42', 42],
    ['A: 2\nNo, wait.\nA: 3', 3],
    ['15 - 6 = 9\n#### 9', 9],
    ['The answer is 42.', 42],
    ['There are 3, then 4.', 4],
    ['Somewhere in 10-12.', 12],
    ['8 - 3', 3],
    ['I cannot tell.', undefined],
    ['It was 5. A: unknown', undefined],
    ['', undefined],
  ])('of %j is %s', (text, expected) => {
    expect(finalNumber(text)).toBe(expected)
  })

  test('of any number, written with or without thousands separators, is that number', () => {
    const numbers = fc.double({ min: -1e9, max: 1e9, noNaN: true }).map((value) => Number(value.toFixed(3)))
    fc.assert(
      fc.property(numbers, fc.constantFrom('', '.', ' apples', ' $'), (value, ending) => {
        const grouped = value.toLocaleString('en-US', { maximumFractionDigits: 3 })
        expect(isCorrect(`1 and 2 make\nA: ${value.toFixed(3)}${ending}`, value)).toBe(true)
        expect(isCorrect(`1 and 2 make ${grouped}${ending}`, value)).toBe(true)
        expect(isCorrect(`A: ${grouped}`, value + 0.001)).toBe(false)
      }),
    )
  })
})

test('every solution of a perfect model scores as correct, and none of a model that knows nothing', () => {
  for (const question of loadDataset(shipped)) {
    for (const seed of [1, 2, 3]) {
      expect(isCorrect(solve(question, 'perfect', 1, seed), question.answer), question.id).toBe(true)
      expect(isCorrect(solve(question, 'ignorant', 0, seed), question.answer), question.id).toBe(false)
    }
  }
})

describe('a dataset', () => {
  test('is read with answers as numbers, as texts and as worked solutions, blank lines aside', () => {
    const path = file(
      '{"id":"a","question":"x?","answer":5}',
      '',
      '{"question":"y?","answer":"1,250"}',
      '{"question":"z?","ground_truth":"3 + 4 = 7\\nA: 7","m":{"solution":"A: 8","is_correct":false}}',
    )
    const [x, y, z] = loadDataset(path)
    expect(x).toMatchObject({ id: 'a', question: 'x?', answer: 5 })
    expect(y).toMatchObject({ id: 'line 3', answer: 1250 })
    expect(z?.answer).toBe(7)
    expect(z?.recorded).toEqual(new Map([['m', { solution: 'A: 8', isCorrect: false }]]))
  })

  test('is read up to the limit, and not checked beyond it', () => {
    const path = file('{"question":"x?","answer":5}', '{"question":"y?","answer":6}', 'rubbish')
    expect(loadDataset(path, 2)).toHaveLength(2)
  })

  test.each([
    ['that is cut off', '{"question":"x?"', /:2: not valid JSON/],
    ['that is no object', '7', /:2: expected a JSON object/],
    ['without a question', '{"answer":5}', /:2: expected `question` to be a string/],
    ['with an empty question', '{"question":" ","answer":5}', /:2: expected `question` to be a string/],
    ['without an answer', '{"question":"x?"}', /:2: expected `answer` to be a number/],
    ['with an answer that holds no number', '{"question":"x?","answer":"many"}', /:2: expected `answer`/],
  ])('with a line %s is refused with the number of the line', (_, line, message) => {
    const path = file('{"question":"x?","answer":5}', line)
    expect(() => loadDataset(path)).toThrow(message)
  })

  test('may begin with a byte order mark', () => {
    expect(loadDataset(file('\uFEFF{"question": "1 + 1?", "answer": 2}'))).toMatchObject([{ answer: 2 }])
  })

  test('that is empty or missing is refused', () => {
    expect(() => loadDataset(file(''))).toThrow('holds no questions')
    expect(() => loadDataset(join(folder, 'missing.jsonl'))).toThrow(/Cannot read the dataset: ENOENT/)
  })
})

describe('the command line', () => {
  test('has defaults for everything', () => {
    expect(parseOptions([])).toMatchObject({ recorded: false, client: 'openai', concurrency: 10 })
    expect(parseOptions([]).limit).toBe(Number.POSITIVE_INFINITY)
    expect(loadDataset(parseOptions([]).dataset).length).toBeGreaterThanOrEqual(240)
  })

  test('takes every flag', () => {
    const flags = ['--dataset', 'x.jsonl', '--recorded', '--limit=5', '--model', 'm', '--requests-per-minute', '1,000']
    const more = ['--tokens-per-minute', '20_000', '--concurrency', '3', '--store', 's', '--client', 'ai-sdk']
    expect(parseOptions([...flags, ...more])).toEqual({
      dataset: 'x.jsonl',
      recorded: true,
      limit: 5,
      model: 'm',
      requestsPerMinute: 1000,
      tokensPerMinute: 20_000,
      concurrency: 3,
      store: 's',
      client: 'ai-sdk',
      help: false,
    })
  })

  test.each(['0', '-1', '1.5', 'many', '', '1e3'])('refuses a limit of %j', (value) => {
    expect(() => parseOptions([`--limit=${value}`])).toThrow(`Expected --limit to be an integer ≥ 1, got \`${value}\``)
  })

  test('refuses a store without a folder', () => {
    expect(() => parseOptions(['--store='])).toThrow('Expected --store to name a folder')
  })

  test('refuses what it does not know', () => {
    expect(() => parseOptions(['--fast'])).toThrow(/Unknown option '--fast'/)
    expect(() => parseOptions(['file.jsonl'])).toThrow(/Unexpected argument 'file.jsonl'/)
  })
})

test('the time that the limits took is that of all runs of the executor together', async () => {
  vi.useFakeTimers()
  cacheManager.responseCache = new ResponseCache()
  const dataset = file(...['1', '2', '3'].map((question) => JSON.stringify({ question, answer: 1 })))
  const reply = { text: '1', finishReason: 'stop', usage: { inputTokens: 1, outputTokens: 0, totalTokens: 1 } }
  const model = (name: string): Model => ({ name, config: { name }, ask: async () => reply })
  const executor = new ParallelExecutor({ rateLimit: { requestsPerMinute: 2 } })
  const provider = {
    description: '',
    models: [model('one'), model('other')],
    traffic: { requests: 0, rateLimited: 0 },
    close: async () => {},
  }
  const run = runEvaluation(parseOptions(['--dataset', dataset]), provider, executor)
  await vi.advanceTimersByTimeAsync(120_000)
  // Two starts at 0 s, two at 60 s, two at 120 s.
  expect((await run).throttleTime).toBe(120_000)
  vi.useRealTimers()
})

test('a table lines up', () => {
  expect(
    table(
      ['name', 'n'],
      [
        ['a', '1,000'],
        ['longer', '2'],
      ],
    ),
  ).toBe(['| name   |     n |', '| ------ | ----: |', '| a      | 1,000 |', '| longer |     2 |'].join('\n'))
})

test.each([
  [0, '0'],
  [0.0000021, '2.1 ns'],
  [0.0123, '12.3 µs'],
  [1, '1 ms'],
  [999.6, '1.00 s'],
  [1234, '1.23 s'],
  [9999, '10.0 s'],
  [12_345, '12.3 s'],
])('a duration of %s ms is shown as %s', (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text)
})
