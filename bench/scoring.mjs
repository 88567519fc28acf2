// How long `scoreAll` takes for a million pairs of short texts, with one thread and with all processors, beside a plain
// loop on the main thread: `npm run bench -- scoring`.
//
// The plain loops are what one would write: fastest-levenshtein for `levenshtein`, a Map of words for `tokenF1`. Rounds
// of all contenders alternate and the fastest of each is shown: other programs can only slow a round down. Beside the
// times stand ratios, and how much of a run the calling thread is busy: reading and joining the pairs is its work alone,
// so no number of threads makes a run shorter than that.

import { createRequire } from 'node:module'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { scoreAll } from '@aah/ai-evals-performance'
import { installPeers, PEERS } from './peers/install.mjs'

const ROUNDS = Number(process.env.ROUNDS ?? 5)
const PAIRS = Number(process.env.PAIRS ?? 1_000_000)
const VECTOR_PAIRS = Math.ceil(PAIRS / 100)
const DIMENSIONS = 384
const processors = availableParallelism()

installPeers(['fastest-levenshtein'], { optional: false })
const { distance } = createRequire(join(PEERS, 'package.json'))('fastest-levenshtein')

const normalize = (text) => text.toLowerCase().normalize('NFC').replace(/\s+/g, ' ').trim()
const isWord = (word) => word !== '' && word !== 'a' && word !== 'an' && word !== 'the'
const words = (text) =>
  text
    .toLowerCase()
    .normalize('NFC')
    .replace(/[\p{P}$+<=>^`|~]/gu, '')
    .split(/\s+/)
    .filter(isWord)

function tokenF1(expected, actual) {
  const [wanted, got] = [words(expected), words(actual)]
  if (wanted.length + got.length === 0) return 1
  const counts = new Map()
  for (const word of wanted) counts.set(word, (counts.get(word) ?? 0) + 1)
  let common = 0
  for (const word of got) {
    const count = counts.get(word) ?? 0
    if (count > 0) common++
    counts.set(word, count - 1)
  }
  return (2 * common) / (wanted.length + got.length)
}

function cosine(one, other) {
  let [product, square, squareOfOther] = [0, 0, 0]
  for (let index = 0; index < one.length; index++) {
    product += one[index] * other[index]
    square += one[index] * one[index]
    squareOfOther += other[index] * other[index]
  }
  return square === 0 || squareOfOther === 0 ? 0 : product / Math.sqrt(square * squareOfOther)
}

const plain = {
  exact: (expected, actual) => (expected === actual ? 1 : 0),
  normalizedExact: (expected, actual) => (normalize(expected) === normalize(actual) ? 1 : 0),
  levenshtein(expected, actual) {
    const longer = Math.max(expected.length, actual.length)
    return longer === 0 ? 1 : 1 - distance(expected, actual) / longer
  },
  tokenF1,
  cosine,
}

/** Numbers from 0 to 1, the same in every run. */
function generator() {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const VOCABULARY = `the answer is a number of eggs per day so she makes dollars at market because each
duck costs less than what John and Mary paid for their house in 1998, which they sold; however, it was not Friday`.split(
  /\s+/,
)

/** Texts of 35 characters on average; two of five answers are right. */
function textPairs() {
  const random = generator()
  const text = () => Array.from({ length: 7 }, () => VOCABULARY[Math.floor(random() * VOCABULARY.length)]).join(' ')
  const made = Array.from({ length: PAIRS }, () => {
    const expected = text()
    return [expected, random() < 0.4 ? expected : text()]
  })
  // As they come from a file: each text is one of its own.
  return JSON.parse(JSON.stringify(made))
}

function vectorPairs(Kind) {
  const random = generator()
  const vector = () => Kind.from({ length: DIMENSIONS }, () => random() - 0.5)
  return Array.from({ length: VECTOR_PAIRS }, () => [vector(), vector()])
}

const milliseconds = async (run) => {
  globalThis.gc?.()
  const start = performance.now()
  const cpu = performance.eventLoopUtilization()
  await run()
  return { time: performance.now() - start, busy: performance.eventLoopUtilization(cpu).utilization }
}

function loop(score, pairs) {
  const scores = new Float64Array(pairs.length)
  for (let index = 0; index < pairs.length; index++) scores[index] = score(pairs[index][0], pairs[index][1])
  return scores
}

const row = (name, ...cells) => console.log(name.padEnd(30), ...cells.map((cell) => cell.padStart(12)))

async function compare(name, scorer, pairs) {
  const contenders = {
    plain: () => loop(plain[scorer], pairs),
    one: () => scoreAll(scorer, pairs, { threads: 1 }),
    all: () => scoreAll(scorer, pairs),
  }
  const best = {}
  for (let round = 0; round < ROUNDS; round++) {
    for (const [side, run] of Object.entries(contenders)) {
      const measured = await milliseconds(run)
      if (!(measured.time >= best[side]?.time)) best[side] = measured
    }
  }
  const each = ({ time }) => ((time * 1e6) / pairs.length).toFixed(0)
  const { plain: reference, one, all } = best
  row(
    name,
    each(reference),
    each(one),
    each(all),
    (one.time / all.time).toFixed(2),
    (reference.time / all.time).toFixed(2),
    `${(100 * all.busy).toFixed(0)} %`,
  )
}

console.log(`${cpus()[0]?.model}, ${processors} processors, Node.js ${process.version}; ns for each pair\n`)
row('', 'plain loop', '1 thread', `${processors} threads`, '1 / all', 'plain / all', 'main busy')
const texts = textPairs()
for (const scorer of ['exact', 'normalizedExact', 'levenshtein', 'tokenF1']) await compare(scorer, scorer, texts)
texts.length = 0
await compare(`cosine, ${DIMENSIONS} singles`, 'cosine', vectorPairs(Float32Array))
await compare(`cosine, array of ${DIMENSIONS} numbers`, 'cosine', vectorPairs(Array))
