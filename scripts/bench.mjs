// Runs every benchmark in bench/, one after the other so that none disturbs another; arguments are passed on to each.
// Through tsx, because some measure internals of lib/.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import './setup.mjs'
import { root, run } from './steps.mjs'

const benchmarks = readdirSync(join(root, 'bench')).filter((name) => name.endsWith('.mjs'))
if (benchmarks.length === 0) {
  console.error('There is no benchmark in bench/')
  process.exit(1)
}
for (const name of benchmarks.sort()) {
  console.log(`\n── bench/${name} ──`)
  run(process.execPath, ['--expose-gc', '--import', 'tsx', join('bench', name), ...process.argv.slice(2)])
}
