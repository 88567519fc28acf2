import type { Events } from './events.ts'
import type { Gate } from './gate.ts'
import type { Settings } from './settings.ts'
import type { Sink } from './sink.ts'
import type { TaskSource } from './task-source.ts'
import type { ExecutorFunction } from './types.ts'

/** What a run is made of. */
export interface RunParts {
  readonly gate: Gate
  readonly source: TaskSource
  readonly sink: Sink
  readonly executor: ExecutorFunction
  readonly events: Events
  /** As they are now. */
  readonly settings: () => Settings
  /** The most tasks read and not started. */
  readonly readAhead: number
  /** The most tasks read whose outcome was not taken. */
  readonly window: number
  readonly signals: readonly AbortSignal[]
}
