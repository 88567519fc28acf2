import { spawnSync } from 'node:child_process'

/** Runs a CommonJS program in a process of its own, to its end. */
export function runProgram(program: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
    encoding: 'utf8',
    timeout: 120_000,
  })
  return { status, stdout, stderr }
}
