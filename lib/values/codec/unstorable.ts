import { type Step, showPath } from '../../key/path.ts'

/** Says that a value cannot be stored, and what in it is the reason. A result, not an error: nothing throws it at users. */
export class Unstorable {
  /** What is in the way: `function`, `symbol`, `class Foo`, … */
  readonly kind: string
  /** Where it is, such as `choices[0].message`; empty for the value itself. */
  readonly path: string

  constructor(kind: string, path = '') {
    this.kind = kind
    this.path = path
  }
}

/** Ends a walk at something that cannot be stored; thrown inside the codec only. */
export class Refusal {
  readonly kind: string

  constructor(kind: string) {
    this.kind = kind
  }
}

/** Levels of nesting beyond which nothing is stored, nor read. */
export const DEEPEST = 1_000

/** The way from the root of a walk to where it is. */
export class Trail {
  readonly #steps: Step[] = []
  #depth = 0

  /** Goes into an object; `at` says for each of its parts which it is. */
  enter(): void {
    if (this.#depth >= DEEPEST) throw new Refusal(`nesting of more than ${DEEPEST} levels`)
    this.#depth++
  }

  at(step: Step): void {
    this.#steps[this.#depth - 1] = step
  }

  leave(): void {
    this.#depth--
  }

  /** What is said of a walk that ended with `failure`, which getters, proxies and codecs may have thrown. */
  unstorable(failure: unknown): Unstorable {
    const kind = failure instanceof Refusal ? failure.kind : 'accessor that throws'
    return new Unstorable(kind, showPath(this.#steps.slice(0, this.#depth)))
  }
}

/** From a Map to one of its values, or, without a name, to one of its keys; from a Set to one of its members. */
export class EntryStep {
  readonly #index: number
  readonly #key: unknown
  readonly #collection: 'keys' | 'values'

  constructor(collection: 'keys' | 'values', index: number, key?: unknown) {
    this.#collection = collection
    this.#index = index
    this.#key = key
  }

  get shown(): string {
    return typeof this.#key === 'string'
      ? `.get(${JSON.stringify(this.#key)})`
      : `.${this.#collection}()[${this.#index}]`
  }
}
