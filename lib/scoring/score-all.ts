import { availableParallelism } from 'node:os'
import { checkOptions, checkSignal, integerOption, outOfRange, wrongType } from '../arguments.ts'
import { NativeScoring } from '../native.ts'
import { nextTurn } from '../next-turn.ts'
import { type Submit, textsOf, vectorsOf } from './pack.ts'
import type { ScoreOptions, TextPair, TextScorer, VectorPair, VectorScorer } from './types.ts'

const SCORERS: readonly (TextScorer | VectorScorer)[] = ['exact', 'normalizedExact', 'levenshtein', 'tokenF1', 'cosine']

/** Chunks that wait for each thread at most, so that none runs dry while the calling thread does something else. */
const AHEAD = 4

/**
 * Scores each pair `[expected, actual]` on threads of its own, while the calling thread stays free for others: its event
 * loop gets a turn after every 1,024 pairs. The result has the scores in the order of the pairs.
 *
 * | scorer | score of a pair |
 * | --- | --- |
 * | `exact` | 1 where `expected === actual`, else 0. The comparison takes less than handing the texts over, so a loop of your own is faster; it is here to be exchanged for the others. |
 * | `normalizedExact` | 1 where the texts agree but for case, Unicode composition and white space, else 0: where `text.toLowerCase().normalize('NFC').replace(/\s+/g, ' ').trim()` is the same for both. Punctuation counts, unlike in SQuAD's normalization: `-5` is not `5`, and `1.5` is not `15`. Nor are compatible characters the same: `x²` is not `x2`. |
 * | `levenshtein` | 1 − distance / length of the longer text, where the distance is the least number of code points to insert, delete or replace; 1 for two empty texts. Accents that combine are code points too, so normalize texts of mixed origin before. |
 * | `tokenF1` | 2 · common / (words of `expected` + words of `actual`), which is 2pr / (p + r) with precision p and recall r over words, from 0 to 1. A word counts as often as it stands on both sides. Words are what is left between white space of `text.toLowerCase().normalize('NFC').replace(/[\p{P}$+<=>^\`\|~]/gu, '')`, without the articles `a`, `an` and `the`. Two texts without words are the same: 1. After Rajpurkar et al. (2016), SQuAD, with the punctuation of all scripts as for MLQA (Lewis et al., 2020). Texts in scripts without spaces are one word: score them with `levenshtein`. |
 * | `cosine` | The cosine of the angle between two vectors, from −1 to 1, in double precision: a · b / (‖a‖ ‖b‖). 0 where a vector is empty or all zeros, as it has no direction; `NaN` where a number is not finite. |
 *
 * Texts are compared as JavaScript holds them: a lone surrogate is a character of its own, and equals only itself. Case,
 * composition and punctuation are those of the addon's version of Unicode.
 *
 * `levenshtein` takes time in proportion to the product of the lengths. A pair in progress is not interrupted by the
 * signal, though the promise is rejected at once.
 *
 * The number of pairs is taken when `scoreAll` is called. Pairs are read in order and once each, not long before they are
 * scored: what you change before that counts, what you change after does not. Texts and vectors are copied when read.
 *
 * @example
 * const scores = await scoreAll('tokenF1', [
 *   ['The capital is Paris.', 'paris is the capital'],
 *   ['42', 'The answer is 42.'],
 * ])
 * Array.from(scores) // [1, 0.5]
 *
 * @returns a promise of one score per pair. It is all that keeps the process alive.
 * @throws TypeError (as all errors here, as a rejection) for what is no pair of texts or of vectors; its message says
 * which, such as `pairs[17][1]`. No score is given then, not even of the pairs before.
 * @throws RangeError for vectors of different lengths, for an unknown scorer, and for two texts that together are longer
 * than the longest string (`buffer.constants.MAX_STRING_LENGTH`)
 */
export function scoreAll(scorer: TextScorer, pairs: readonly TextPair[], options?: ScoreOptions): Promise<Float64Array>
export function scoreAll(
  scorer: VectorScorer,
  pairs: readonly VectorPair[],
  options?: ScoreOptions,
): Promise<Float64Array>
export async function scoreAll(
  scorer: TextScorer | VectorScorer,
  pairs: readonly unknown[],
  options?: ScoreOptions,
): Promise<Float64Array> {
  checkScorer(scorer)
  if (!Array.isArray(pairs)) throw wrongType('pairs', 'an array of pairs', pairs)
  checkOptions('options', options)
  const processors = availableParallelism()
  const threads = Math.min(integerOption('threads', options?.threads, processors), processors)
  const signal = options?.signal
  checkSignal('signal', signal)
  if (signal?.aborted) throw signal.reason

  const run = new NativeScoring(threads)
  const work = score(run, scorer === 'cosine' ? vectorsOf() : textsOf(scorer), pairs, AHEAD * threads, signal)
  return signal === undefined ? work : unlessAborted(signal, run, work)
}

function checkScorer(scorer: unknown): void {
  const expected = `one of ${SCORERS.join(', ')}`
  if (typeof scorer !== 'string') throw wrongType('scorer', expected, scorer)
  if (!(SCORERS as readonly string[]).includes(scorer)) throw outOfRange('scorer', expected, scorer)
}

/** Packs while others score, at most `ahead` chunks before them; a run that was stopped rejects at its next turn. */
async function score(
  run: NativeScoring,
  submit: Submit,
  pairs: readonly unknown[],
  ahead: number,
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  try {
    const { length } = pairs
    let next = 0
    while (next < length && !signal?.aborted) {
      const chunk = submit(run, pairs, next, length)
      next = chunk.next
      if (chunk.unfinished >= ahead) await run.until(ahead / 2)
      else await nextTurn()
    }
    await run.until(0)
    return run.take()
  } finally {
    run.stop()
  }
}

function unlessAborted<T>(signal: AbortSignal, run: NativeScoring, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      run.stop()
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
