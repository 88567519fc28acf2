// What differs between the endpoints of providers whose answers are cached.

/** How a streamed answer ended, told from its events as they come. */
export interface StreamSummary {
  /** The name of an event, empty where it has none, and its data. */
  add(event: string, data: string): void
  /** Whether the answer is complete, though the connection may not have ended yet. */
  readonly isOver: boolean
  /** The same answer as if it had not been streamed, as far as its end and its `usage` go; `undefined` where it is cut off. */
  readonly answer: object | undefined
}

/** One endpoint. */
export interface Protocol {
  /** How the path of its URL ends. */
  readonly path: string
  /** Properties of its requests that do not change the answer, and are not repeated in it. */
  readonly ignored: readonly string[]
  /** The most tokens that an answer may have, where a request says so. */
  readonly mostOutput: (body: Record<string, unknown>) => number | undefined
  /** Whether a body, not streamed, is an answer at all: some gateways send failures as if they were. */
  readonly isAnswer: (body: Record<string, unknown>) => boolean
  /** What is learned from a stream; without it, answers are lists of embeddings. */
  readonly summary?: () => StreamSummary
  /** Whether answers to this request depend on more than the request. */
  readonly isStateful?: (body: Record<string, unknown>) => boolean
}

/** Names of headers that say what is left of a limit, and until when. */
export type LimitHeaders = Record<
  'requests' | 'tokens' | 'inputTokens' | 'outputTokens',
  readonly [remaining: string, reset: string] | undefined
>

/** A provider's client. */
export interface Family {
  /** What its users import. */
  readonly package: string
  readonly protocols: readonly Protocol[]
  readonly limitHeaders: LimitHeaders
}
