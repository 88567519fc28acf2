// Rolls lib/'s declarations up into the public contract: index.d.ts, and types/NAME.d.ts for each subpath.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'
import { root } from './steps.mjs'
import { subpaths } from './subpaths.mjs'

const HEADER = '// Generated from lib/ by `npm run build`: change the declarations there.\n\n'

await rollUp('lib/index.ts', 'index.d.ts')
mkdirSync(join(root, 'types'), { recursive: true })
for (const name of subpaths) await rollUp(`lib/${name}/index.ts`, `types/${name}.d.ts`)

async function rollUp(entry, target) {
  const bundle = await rollup({
    input: join(root, entry),
    plugins: [dts({ tsconfig: join(root, 'tsconfig.json') })],
    // What index.d.ts declares is not declared a second time, and a peer's types are its own.
    external: (name, importer) =>
      importer !== undefined && (name.endsWith('/index.ts') || /binding\.js$/.test(name) || /^[^./]/.test(name)),
  })
  const paths = (id) => (id.endsWith('index.ts') ? '../index.js' : id)
  const { output } = await bundle.generate({ format: 'es', paths })
  const code = output[0].code
    // A `#private` member would make each class nominal; users pass plain objects of the same shape, as they could before.
    .replace(/^ *#private;\n/gm, '')
    // Who uses Prisma with another database has no `pg`: what refers to its types is `any` then. And by the rules of
    // `node16`, declarations of CommonJS cannot import modules, not even types.
    .replace(/^import .* from '[^.:]+';$/gm, '// @ts-ignore: may be a module, or not installed\n$&')
  writeFileSync(join(root, target), HEADER + code)
}
