// Bundles lib/ into dist/index.js: one CommonJS file, which `require` and `import` both load, so they share singletons.

import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from './steps.mjs'

await build({
  absWorkingDir: root,
  entryPoints: ['lib/index.ts'],
  outfile: join(root, 'dist/index.js'),
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  keepNames: false,
  sourcemap: true,
  sourcesContent: false,
  external: ['*/binding.js'],
  logLevel: 'warning',
})
