// Each scorer against a reference of a few lines, on the texts and vectors that go wrong.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { scoreAll, type TextPair, type TextScorer, type Vector, type VectorPair } from '@aah/ai-evals-performance'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { references, SCORERS } from './helpers/scores.ts'

async function expectAgreement(scorer: TextScorer, pairs: readonly TextPair[]) {
  expect(Array.from(await scoreAll(scorer, pairs))).toEqual(references(scorer, pairs))
}

/** Texts of which each differs from its neighbours in what is easily lost. */
const HARD = [
  ...[
    '',
    ' ',
    'a',
    'A',
    'b',
    'the',
    'The A an',
    'ab',
    'a b',
    ' a\t\n b ',
    'a\u00a0b',
    'a\ufeffb',
    'a\u0085b',
    'a\u3000b',
  ],
  ...[
    'é',
    'e\u0301',
    'É',
    'E\u0301',
    'ß',
    'ẞ',
    'SS',
    'ss',
    'İ',
    'i\u0307',
    'I',
    'ı',
    'ΟΔΟΣ',
    'οδος',
    'οδοσ',
    'Σ',
    'ΑΣ\ud800',
  ],
  ...[
    '😀',
    '😁',
    '😀😁',
    '👩‍👩‍👧',
    '𝒳',
    'x²',
    'x2',
    'ﬁ',
    'fi',
    'Å',
    'Å',
    'Ω',
    'Ω',
    '각',
    '각',
    'q\u0323\u0307',
    'q\u0307\u0323',
  ],
  ...[
    '\ud800',
    '\udc00',
    '\ud83d',
    '\ude00',
    'a\ud83d.\ude00',
    '\ude00\ud83d',
    '\ud83d \ude00',
    'e\ud800\u0301',
    '\ufffd',
  ],
  ...[
    'שלום',
    'שָׁלוֹם',
    'مرحبا بالعالم',
    'مرحبا، بالعالم',
    '\u202eabc',
    'abc',
    '猫。',
    '猫',
    '«Кот»',
    'кот',
    '$5',
    '5',
    '-5',
    '1.5',
    '15',
    '5 €',
  ],
  ...[
    'no no no',
    'no no',
    'on on',
    'don’t',
    "don't",
    'dont',
    '\0',
    'a\0',
    'x'.repeat(63),
    'x'.repeat(64),
    `${'x'.repeat(64)}y`,
    '字'.repeat(65),
  ],
]
const ALL_PAIRS: TextPair[] = HARD.flatMap((expected) => HARD.map((actual): TextPair => [expected, actual]))

/** What the Unicode of this Node.js knows: what a later one adds, the addon may know already. */
const unit = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...' \t.,aAbBeEßİΣσ\u0301\u0323😀😁字'.split('')) },
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
)
const text = fc.array(unit, { maxLength: 80 }).map((units) => units.join('').replace(/\p{Cn}/gu, ''))
/** Texts that often have something in common. */
const textPair = fc.oneof(
  fc.tuple(text, text),
  fc.tuple(text, text).map(([one, other]): [string, string] => [one + other, one + other.toUpperCase()]),
  fc.tuple(text, text).map(([one, other]): [string, string] => [one, one.normalize('NFD') + other]),
)

/** Recorded answers of models to questions that have an answer. */
const recording = process.env.GSM8K_SOLUTIONS ?? '../shared/data/gsm8k/solutions.jsonl'
const solutions = [join(__dirname, '..', recording), recording].find(existsSync)
if (solutions === undefined) console.log(`Skipped: scores of answers to GSM8K, because there is no ${recording}`)

describe.each(SCORERS)('%s', (scorer) => {
  test('scores hard texts as the reference does', () => expectAgreement(scorer, ALL_PAIRS))

  test(
    'scores any texts as the reference does',
    () =>
      fc.assert(
        fc.asyncProperty(fc.array(textPair, { maxLength: 40 }), (pairs) => expectAgreement(scorer, pairs)),
        { numRuns: 300 },
      ),
    120_000,
  )

  test('scores nothing to nothing', async () => expect(await scoreAll(scorer, [])).toEqual(new Float64Array()))

  test.skipIf(solutions === undefined)(
    'scores answers of models to GSM8K as the reference does',
    async () => {
      const lines = readFileSync(solutions!, 'utf8').trim().split('\n')
      const pairs = lines.slice(0, 400).flatMap((line): TextPair[] => {
        const row = JSON.parse(line)
        return [
          [row.ground_truth, row['175b_verification'].solution],
          [row.ground_truth, row['6b_finetuning'].solution],
          [row.ground_truth.split('\n').at(-1), row['6b_finetuning'].solution.split('\n').at(-1)],
        ]
      })
      expect(pairs).toHaveLength(1_200)
      await expectAgreement(scorer, pairs)
    },
    120_000,
  )
})

describe('cosine', () => {
  function reference([one, other]: VectorPair): number {
    const dot = (x: Vector, y: Vector) =>
      Array.from(x).reduce((sum, number, index) => sum + number * (y[index] ?? 0), 0)
    const squares = dot(one, one) * dot(other, other)
    return squares === 0 ? 0 : dot(one, other) / Math.sqrt(squares)
  }

  const number = fc.double({ min: -1, max: 1, noNaN: true }).map((number) => Math.round(number * 1e6) / 1e6)
  const vectors = fc.nat(70).chain((length) => {
    const numbers = fc.array(number, { minLength: length, maxLength: length })
    const kinds = (values: number[]): fc.Arbitrary<Vector> =>
      fc.constantFrom<Vector>(values, Float32Array.from(values), Float64Array.from(values))
    return fc.tuple(numbers.chain(kinds), numbers.chain(kinds))
  })

  test(
    'scores any vectors as the reference does, to the last digits',
    () =>
      fc.assert(
        fc.asyncProperty(fc.array(vectors, { maxLength: 20 }), async (pairs) => {
          const scores = await scoreAll('cosine', pairs)
          expect(scores).toHaveLength(pairs.length)
          for (const [index, pair] of pairs.entries()) {
            expect(Math.abs(scores[index]! - reference(pair))).toBeLessThan(1e-12)
            expect(Math.abs(scores[index]!)).toBeLessThanOrEqual(1)
          }
        }),
        { numRuns: 300 },
      ),
    120_000,
  )

  test('has a score for vectors without direction, and none for what is not finite', async () => {
    const pairs: VectorPair[] = [
      [[], []],
      [
        [0, 0],
        [1, 2],
      ],
      [new Float32Array(2), new Float64Array(2)],
      [
        [1, Number.NaN],
        [1, 1],
      ],
      [
        [0, 0],
        [1, Number.POSITIVE_INFINITY],
      ],
      [[1e-200], [1e-200]],
      [
        [1e200, 0],
        [1e200, 1e200],
      ],
    ]
    const scores = Array.from(await scoreAll('cosine', pairs))
    expect(scores.slice(0, 6)).toEqual([0, 0, 0, Number.NaN, Number.NaN, 1])
    expect(scores[6]).toBeCloseTo(Math.SQRT1_2, 14)
  })

  test('computes singles in double precision', async () => {
    const pair: VectorPair = [Float32Array.of(1, 2 ** -20), Float32Array.of(-(2 ** -20), 1)]
    expect(await scoreAll('cosine', [pair])).toEqual(Float64Array.of(0))
    const [one, other] = [Float32Array.of(1, 3, 7), Float32Array.of(0.1, 0.2, 0.4)]
    const [score] = await scoreAll('cosine', [[one, other]])
    expect(Math.abs(score! - reference([one, other]))).toBeLessThan(1e-15)
  })

  test('takes chunks in which kinds of vectors change', async () => {
    const pairs = Array.from({ length: 5_000 }, (_, index): VectorPair => {
      const numbers = [index + 1, 1]
      return [
        index < 2_000 || index % 7 ? Float32Array.from(numbers) : numbers,
        index > 4_000 ? Float64Array.of(1, 2) : [1, 2],
      ]
    })
    const scores = await scoreAll('cosine', pairs)
    for (const [index, pair] of pairs.entries()) expect(scores[index]).toBeCloseTo(reference(pair), 12)
  })
})
