/** A scorer of texts; `scoreAll` says what each computes. */
export type TextScorer = 'exact' | 'normalizedExact' | 'levenshtein' | 'tokenF1'

/** A scorer of vectors; `scoreAll` says what it computes. */
export type VectorScorer = 'cosine'

/** What was expected, and what came. */
export type TextPair = readonly [expected: string, actual: string]

/** An embedding: numbers of any kind. */
export type Vector = readonly number[] | Float32Array | Float64Array

/** Two vectors of the same length. */
export type VectorPair = readonly [expected: Vector, actual: Vector]

export interface ScoreOptions {
  /**
   * The most threads that score at the same time, beside the calling one: an integer ≥ 1. More than there are
   * processors count as many as there are.
   *
   * @default `os.availableParallelism()`, all processors
   */
  threads?: number
  /** Rejects the promise with the signal's reason at once. Each thread ends when it has scored the pair it is at. */
  signal?: AbortSignal
}
