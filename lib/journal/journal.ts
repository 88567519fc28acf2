// What a run has done so far, in a file that outlives the process: tasks and results of JavaScript on this side, texts
// and bytes on the other.
//
// Nothing that is recorded can fail its caller: what is not in the file is counted, and `trouble` says why.

import { resolve } from 'node:path'
import { checkObject, checkString, outOfRange } from '../arguments.ts'
import { PerformanceError } from '../errors.ts'
// biome-ignore lint/suspicious/noShadowRestrictedNames: the documented name of the type
import type { EvalError, ExecutionResult, ExecutionTask } from '../executor/types.ts'
import { encodeKey } from '../key/encode.ts'
import { KeyRecognizer } from '../key/recognizer.ts'
import * as native from '../native.ts'
import type { RunResult } from '../stream/types.ts'
import type { Bytes, Milliseconds } from '../units.ts'
import { decodeValue } from '../values/codec/decode.ts'
import { encodeTagged, encodeValue } from '../values/codec/encode.ts'
import { Unstorable } from '../values/codec/unstorable.ts'

/** Where a run is recorded, and what its results depend on. */
export interface JournalOptions {
  /** The path of a file. It is made if it is missing, and so are its folders. */
  path: string
  /**
   * Anything that the results depend on besides the tasks, such as the version of a prompt: whatever a cache takes as a
   * key. A journal that was recorded with another one is refused.
   *
   * @default undefined
   */
  configuration?: unknown
}

/** What a journal holds. */
export interface JournalStats {
  /** Outcomes recorded since it was opened. */
  recorded: number
  /** Rows that had ended well when it was opened. */
  recovered: number
  /** Stretches of the file that were damaged then. The rows whose outcomes were there run again. */
  damaged: number
  /** Bytes at the end of the file that were half a record then, and were cut off. */
  torn: Bytes
  /** Size of the file. */
  bytes: Bytes
  /** Outcomes that are not in the file. Their rows run again another time. */
  unrecorded: number
  /** Why the last of those is not. */
  unrecordedReason?: string
}

/** A row that ended well in an earlier run. */
export interface RecordedOutcome {
  result: RunResult
  executionTime: Milliseconds
}

/** What the limiter of a key has to count of an earlier process: of each start how long ago it was, and how much. */
export interface EarlierStarts {
  readonly key: string
  readonly ages: Float64Array
  readonly requests: Float64Array
  readonly tokens: Float64Array
  readonly inputTokens: Float64Array
  readonly outputTokens: Float64Array
}

/** All that makes a task the task it is, and how it is to be run; or why there is no telling. */
export type TaskIdentity = [content: string, settings: string] | string

const META = 4

/**
 * The journal of one run at a time: no other run, in this process or another one, can open it meanwhile.
 *
 * Rows are known by their index. What `record` was given is in the file when it returns, and on the disk within a tenth
 * of a second; opened again, after whatever end of the process, the journal knows the rows that ended well.
 */
export class Journal {
  readonly path: string
  readonly #native: native.ExternalObject<native.NativeJournal>
  readonly #settings = new KeyRecognizer()
  /** Numbers that go over with an outcome, or come with one that is looked up. */
  readonly #meta = new Float64Array(META)
  #unrecorded = 0
  #unrecordedReason: string | undefined
  #trouble: PerformanceError | undefined
  #closing: Promise<void> | undefined

  /**
   * @throws TypeError, RangeError for options that make no sense
   * @throws PerformanceError `ERR_JOURNAL_BUSY`: another run has it open. `ERR_JOURNAL_FORMAT`: the file is no journal,
   * damaged at its very beginning, or of a later version. `ERR_JOURNAL_CONFIGURATION`: recorded with another
   * configuration. `ERR_JOURNAL_IO`: the system refuses it. Whatever it is, the file is left as it was.
   */
  static open(options: string | JournalOptions): Journal {
    const { path, configuration } = checked(options)
    const opened = native.journalOpen(path, encodeKey(configuration, 'journal.configuration'), Date.now())
    if (isFailure(opened)) throw new PerformanceError(opened.code, opened.message)
    return new Journal(path, opened)
  }

  private constructor(path: string, opened: native.ExternalObject<native.NativeJournal>) {
    this.path = path
    this.#native = opened
  }

  /**
   * The result of a row, if it ended well.
   *
   * @throws PerformanceError `ERR_JOURNAL_DATASET`: another task was recorded at this index. `ERR_JOURNAL_IO`: the file
   * cannot be read.
   */
  find(task: ExecutionTask, index: number): RunResult | undefined {
    return this.findOutcome(task, index)?.result
  }

  /** The same, and how long it took. */
  findOutcome(task: ExecutionTask, index: number): RecordedOutcome | undefined {
    if (!native.journalHas(this.#native, index)) return undefined
    let texts: [content: string, settings: string]
    try {
      texts = this.#textsOf(task)
    } catch (failure) {
      // What has no encoding was not recorded, so this is another task.
      throw otherTask(this.path, index, 'its test case, `id`, `datasetId` or `runnerConfig` differs', failure)
    }
    const meta = this.#meta
    const value = native.journalFind(this.#native, index, ...texts, meta)
    switch (meta[0]) {
      case native.NativeLookup.Found: {
        const decoded = decodeValue(meta[1] as number, value as string | Uint8Array)
        return decoded && { result: decoded.value as RunResult, executionTime: meta[2] as number }
      }
      case native.NativeLookup.OtherContent:
        throw otherTask(this.path, index, 'its test case, `id` or `datasetId` differs')
      case native.NativeLookup.OtherSettings:
        throw otherTask(this.path, index, 'its test case is the same, but its `runnerConfig` differs')
      case native.NativeLookup.Failed:
        throw new PerformanceError('ERR_JOURNAL_IO', value as string)
      default:
        return undefined
    }
  }

  /** What `task` is known by: asked for before it runs, because whoever runs it may change it. */
  identify(task: ExecutionTask): TaskIdentity {
    try {
      return this.#textsOf(task)
    } catch (failure) {
      return messageOf(failure)
    }
  }

  /**
   * Records how a row ended. What cannot be recorded is counted, see `getStats()`; after a failed write see `trouble`.
   *
   * @param identity what the task was known by before it ran
   */
  record(
    task: ExecutionTask,
    index: number,
    { result, error, executionTime }: ExecutionResult,
    identity = this.identify(task),
  ): void {
    const encoded = error === undefined ? encodeValue(result) : encodeFailure(error)
    if (encoded instanceof Unstorable) {
      const { kind, path } = encoded
      this.#miss(`the result of the row ${index} cannot be stored: ${kind}${path && ` at ${path}`}`)
      return
    }
    if (typeof identity === 'string') {
      this.#miss(`the task of the row ${index} cannot be told from others: ${identity}`)
      return
    }
    const meta = this.#meta
    meta[0] = index
    meta[1] = error === undefined ? 0 : 1
    meta[2] = executionTime
    meta[3] = encoded.codec
    const strings = encoded.codec === 1 ? encoded.strings : null
    const refusal = native.journalRecord(this.#native, ...identity, meta, encoded.value, strings)
    if (refusal != null) this.#miss(`the outcome of the row ${index} was not recorded: ${refusal}`)
  }

  /**
   * Records that something is about to start which a limiter counts under `key`.
   *
   * @param sequence names the start until it is settled
   * @param reserved requests, tokens, input tokens, output tokens
   */
  started(key: string, sequence: number, reserved: Float64Array): void {
    native.journalStarted(this.#native, key, sequence, Date.now(), reserved)
  }

  /**
   * Records what a start has used.
   *
   * @param used as `reserved` of {@link started}
   */
  settled(sequence: number, used: Float64Array): void {
    native.journalSettled(this.#native, sequence, Date.now(), used)
  }

  /** What was started in the minute before `now` (as `Date.now()` gives it), before the journal was opened. */
  earlierStarts(now: number): EarlierStarts[] {
    return native.journalEarlierStarts(this.#native, now)
  }

  /** Resolves when everything recorded before is on the disk. */
  async flush(): Promise<void> {
    const failure = await native.journalFlush(this.#native)
    if (failure != null) throw this.#troubled(failure)
  }

  /**
   * The same, and the file is closed and can be opened again. Called again, the same promise.
   *
   * @throws PerformanceError `ERR_JOURNAL_IO` where something recorded is not on the disk
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Why nothing is recorded any more: `ERR_JOURNAL_IO`, a failed write. */
  get trouble(): PerformanceError | undefined {
    if (this.#trouble === undefined) {
      const failure = native.journalTrouble(this.#native)
      if (failure != null) this.#troubled(failure)
    }
    return this.#trouble
  }

  getStats(): JournalStats {
    const stats = { ...native.journalStats(this.#native), unrecorded: this.#unrecorded }
    return this.#unrecordedReason === undefined ? stats : { ...stats, unrecordedReason: this.#unrecordedReason }
  }

  async #close(): Promise<void> {
    const failure = await native.journalClose(this.#native)
    if (failure != null) throw this.#troubled(failure)
  }

  /**
   * All that makes a task the task it is, and how it is to be run. Its priority is none of that: it decides when it runs,
   * not what comes of it.
   */
  #textsOf({ testCase, id, datasetId, runnerConfig }: ExecutionTask): [content: string, settings: string] {
    const settings = this.#settings.encode(runnerConfig, 'task.runnerConfig')
    return [encodeKey([testCase, id, datasetId], 'task'), settings]
  }

  #troubled(failure: string): PerformanceError {
    this.#trouble ??= new PerformanceError('ERR_JOURNAL_IO', failure)
    return this.#trouble
  }

  #miss(reason: string): void {
    this.#unrecorded++
    this.#unrecordedReason = reason
  }
}

function checked(options: unknown): { path: string; configuration: unknown } {
  const given: unknown = typeof options === 'string' ? { path: options } : options
  checkObject('journal', given)
  const { path, configuration } = given as JournalOptions
  const name = given === options ? 'journal.path' : 'journal'
  checkString(name, path)
  if (path === '') throw outOfRange(name, 'the path of a file', path)
  return { path: resolve(path), configuration }
}

type Opened = ReturnType<typeof native.journalOpen>

function isFailure(opened: Opened): opened is native.NativeJournalFailure {
  return 'code' in opened
}

/** What people are told of a failure. What was thrown is not kept: it may hold anything. */
function encodeFailure({ cause: _, ...error }: EvalError): Exclude<ReturnType<typeof encodeValue>, Unstorable> {
  const encoded = encodeValue(error)
  return encoded instanceof Unstorable
    ? (encodeTagged(String(error.message)) as { codec: 2; value: Uint8Array })
    : encoded
}

function otherTask(path: string, index: number, how: string, cause?: unknown): PerformanceError {
  const message = `The task at index ${index} is not the one that the journal ${path} has there: ${how}`
  return new PerformanceError('ERR_JOURNAL_DATASET', message, cause === undefined ? undefined : { cause })
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure)
}
