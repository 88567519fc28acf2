// Bundles lib/ into dist/index.js: one CommonJS file, which `require` and `import` both load, so they share singletons.
// The command line and the display of progress are bundles of their own, each with the packages that it uses and their
// licences beside it, so that nobody loads them who does not ask for them.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from './steps.mjs'

const options = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  keepNames: false,
  sourcemap: true,
  sourcesContent: false,
  external: ['*/binding.js', './progress-display.js'],
  logLevel: 'warning',
}

await build({ ...options, entryPoints: ['lib/index.ts'], outfile: join(root, 'dist/index.js') })
await bundleWithPackages('lib/cli/main.ts', 'cli', { banner: { js: '#!/usr/bin/env node' } })
await bundleWithPackages('lib/executor/progress-bar/display.ts', 'progress-display')

async function bundleWithPackages(entry, name, more = {}) {
  const outfile = join(root, `dist/${name}.js`)
  const { metafile } = await build({
    ...options,
    ...more,
    entryPoints: [entry],
    outfile,
    sourcemap: false,
    metafile: true,
  })
  writeFileSync(join(root, `dist/${name}.licenses.txt`), licences(Object.keys(metafile.inputs)))
}

/** The licences of the packages that bundled files come from. */
function licences(files) {
  const folders = files.flatMap((file) => file.match(/^node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? [])
  return [...new Set(folders)].sort().map(licence).join('\n\n')
}

function licence(folder) {
  const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  const file = readdirSync(join(root, folder)).find((name) => /^licen[cs]e/i.test(name))
  if (file === undefined) throw new Error(`${folder} is bundled and has no licence file`)
  return `${name} ${version}\n\n${readFileSync(join(root, folder, file), 'utf8').trim()}\n`
}
