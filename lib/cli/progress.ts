import yoctoSpinner from 'yocto-spinner'
import { formatCount, formatPercent } from '../format.ts'
import { progressCancel, progressNew, progressRead } from '../native.ts'
import { Failure } from './failure.ts'

type NativeProgress = ReturnType<typeof progressNew>

/** Work that is done sooner shows nothing. */
const PATIENCE_MS = 500
const INTERVAL_MS = 100

/** Runs long work: shows on a terminal how far it has come, and ends it tidily on Ctrl+C. */
export async function withProgress<T>(doing: string, work: (progress: NativeProgress) => Promise<T>): Promise<T> {
  const progress = progressNew()
  let interrupted = false
  const interrupt = () => {
    interrupted = true
    progressCancel(progress)
  }
  process.once('SIGINT', interrupt)
  const stop = isWatched() ? show(doing, progress) : () => {}
  try {
    return await work(progress)
  } catch (error) {
    throw interrupted ? new Failure('Interrupted') : error
  } finally {
    stop()
    process.off('SIGINT', interrupt)
  }
}

/** Whether somebody sees lines that are written over: a terminal does, a log of continuous integration does not. */
function isWatched(): boolean {
  return process.stderr.isTTY && process.env.TERM !== 'dumb' && process.env.CI === undefined
}

function show(doing: string, progress: NativeProgress): () => void {
  // Signals are ours: the work has a temporary file to remove.
  const spinner = yoctoSpinner({ text: doing, stream: process.stderr, handleSignals: false })
  const begin = setTimeout(() => spinner.start(), PATIENCE_MS)
  const update = setInterval(() => {
    const [done = 0, total = 0] = progressRead(progress)
    if (done > 0 && spinner.isSpinning) spinner.text = `${doing}: ${describe(done, total)}`
  }, INTERVAL_MS)
  return () => {
    clearTimeout(begin)
    clearInterval(update)
    spinner.stop()
  }
}

function describe(done: number, total: number): string {
  if (total < done) return `${formatCount(done)} so far`
  return `${formatCount(done)} of ${formatCount(total)}, ${formatPercent((100 * done) / total)}`
}
