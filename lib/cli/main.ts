// The program `ai-evals-perf`. Exit codes: 0 fine, 1 something is wrong, 2 wrong usage.

import { CommanderError } from 'commander'
import { Failure } from './failure.ts'
import { makeProgram } from './program.ts'

const WRONG_USAGE = 2

async function main(args: string[]): Promise<number> {
  try {
    await makeProgram().parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE
    process.stderr.write(`ai-evals-perf: ${error instanceof Error ? error.message : String(error)}\n`)
    return error instanceof Failure ? error.exitCode : 1
  }
}

// Whoever reads our output may stop reading, as `head` does.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit()
  })
}

main(process.argv.slice(2)).then((code) => {
  // Set, not called: what was printed to a pipe may still be on its way.
  process.exitCode = code
})
