// Rolls lib/'s declarations up into index.d.ts, the public contract. `--check` fails instead when it is stale.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'
import { root } from './steps.mjs'

const HEADER = '// Generated from lib/ by `npm run build`: change the declarations there.\n\n'
const target = join(root, 'index.d.ts')

const bundle = await rollup({
  input: join(root, 'lib/index.ts'),
  plugins: [dts({ tsconfig: join(root, 'tsconfig.json') })],
  external: [/^node:/, /binding\.js$/],
})
const { output } = await bundle.generate({ format: 'es' })
// A `#private` member would make each class nominal; users pass plain objects of the same shape, as they could before.
const text = HEADER + output[0].code.replace(/^ *#private;\n/gm, '')

if (!process.argv.includes('--check')) {
  writeFileSync(target, text)
} else if (readFileSync(target, 'utf8') !== text) {
  console.error('index.d.ts is stale: run `npm run build` and commit it')
  process.exit(1)
}
