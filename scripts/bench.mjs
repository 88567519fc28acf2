// Runs the benchmarks in bench/, one after the other so that none disturbs another: all, or those named, `cache` for one.
// Through tsx, because some measure internals of lib/.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import './setup.mjs'
import { root, run } from './steps.mjs'

const all = readdirSync(join(root, 'bench'))
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => name.slice(0, -'.mjs'.length))
  .sort()
const wanted = process.argv.length > 2 ? process.argv.slice(2) : all
const unknown = wanted.find((name) => !all.includes(name))
if (unknown !== undefined || wanted.length === 0) {
  console.error(`There is no benchmark \`${unknown}\`: there is ${all.join(', ')}`)
  process.exit(1)
}
for (const name of wanted) {
  console.log(`\n── bench/${name}.mjs ──`)
  run(process.execPath, ['--expose-gc', '--import', 'tsx', join('bench', `${name}.mjs`)])
}
