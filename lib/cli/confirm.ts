import { createInterface } from 'node:readline/promises'
import { Failure } from './failure.ts'

/** Asks before something is lost; where nobody can answer, only `--yes` is an answer. */
export async function confirm(question: string, yes: boolean | undefined): Promise<boolean> {
  if (yes) return true
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw new Failure(`${question} Say so by --yes.`, 2)
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())
  } finally {
    lines.close()
  }
}
