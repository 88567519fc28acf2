import { checkFunction, checkObject, checkOptions, checkString, wrongType } from '../arguments.ts'
import type { ParallelExecutor } from './parallel-executor.ts'
import type { Display } from './progress-bar/display.ts'

export interface ProgressBarOptions {
  /**
   * Where it is drawn.
   *
   * @default process.stderr
   */
  stream?: NodeJS.WritableStream
  /**
   * Whether nothing is drawn at all.
   *
   * @default whether the environment variable `CI` is set, to something other than `false` or `0`
   */
  quiet?: boolean
  /** What stands in front of each line; shortened where the terminal is narrow. */
  label?: string
}

export interface ProgressBarHandle {
  /** Ends it: lines on the screen stay as they are, and the executor's events are no longer listened to. */
  stop(): void
}

/**
 * Shows on a terminal how far the runs of an executor have come.
 *
 * ```ts
 * const bar = progressBar(executor)
 * const results = await executor.executeTasks(tasks, async (task) => ({ actual: await ask(task.testCase.input) }))
 * bar.stop()
 * ```
 *
 * On a terminal each run has one line, drawn again ten times a second, with as much as there is room for: done and all,
 * failures, what limit is waited for and how long, the time left, the rate. A run whose number of tasks is not known has
 * counts and no bar. The last state of a run stays on the screen.
 *
 *     ━━━━━━━━━━━━━━━━──── 8,012/10,000 80.1%, 3 failed, waiting 12 s for requests, 41 s left
 *
 * Elsewhere (a file, a pipe, `TERM=dumb`) it is a plain line now and then: after each tenth of the tasks, but no more
 * than one in five seconds, and at least one a minute; and a last one.
 *
 * It shows runs that begin later too, until `stop()`. Between runs there is no timer, during a run one that does not keep
 * the process alive. The cursor is never hidden and no signal listened to, so there is nothing to restore however the
 * process ends. What the program itself prints meanwhile is not written over.
 *
 * @throws TypeError for an executor without events, or options of the wrong type
 */
export function progressBar(executor: ParallelExecutor, options?: ProgressBarOptions): ProgressBarHandle {
  checkObject('executor', executor)
  checkFunction('executor.on', executor.on)
  checkFunction('executor.off', executor.off)
  const { stream, quiet, label } = checkedOptions(options)
  if (quiet) return { stop() {} }
  const display = openDisplay(stream, label)
  const listeners: [event: string, listener: (payload: any) => void][] = [
    ['start', ({ run, totalTasks }) => display.begin(run, totalTasks)],
    ['progress', (progress) => display.advance(progress.run, progress)],
    ['throttle', (throttle) => display.wait(throttle.run, throttle)],
    ['complete', ({ run }) => display.end(run, false)],
    // After `'complete'` there is nothing left to end.
    ['end', ({ run }) => display.end(run, true)],
  ]
  for (const [event, listener] of listeners) executor.on(event, listener)
  return {
    stop() {
      for (const [event, listener] of listeners) executor.off(event, listener)
      display.stop()
    },
  }
}

function checkedOptions(options: ProgressBarOptions | undefined): Required<ProgressBarOptions> {
  checkOptions('options', options)
  const { stream = process.stderr, quiet = isQuietEnvironment(), label = '' } = options ?? {}
  if (typeof stream?.write !== 'function') throw wrongType('stream', 'a writable stream', stream)
  if (typeof quiet !== 'boolean') throw wrongType('quiet', 'a boolean', quiet)
  checkString('label', label)
  return { stream, quiet, label }
}

function isQuietEnvironment(): boolean {
  const { CI } = process.env
  return CI !== undefined && !['', '0', 'false'].includes(CI.toLowerCase())
}

/** The display and the library that draws it are a bundle of their own, which only this loads. */
function openDisplay(stream: NodeJS.WritableStream, label: string): Display {
  const { Display } = require('./progress-display.js') as typeof import('./progress-bar/display.ts')
  return new Display(stream, label)
}
