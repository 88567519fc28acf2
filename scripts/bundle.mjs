// Bundles lib/ into dist/: CommonJS, which `require` and `import` both load, so they share singletons.
//
// `index` and the subpaths share what they have in common in files named `shared-…`, so that a cache or a codec is the same
// whichever of them it came from. The command line and the display of progress are bundles of their own, each with the
// packages that it uses and their licences beside it, so that nobody loads them who does not ask for them.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from './steps.mjs'
import { subpaths } from './subpaths.mjs'

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

rmSync(join(root, 'dist'), { recursive: true, force: true })
await bundleEntryPoints()
await bundleWithPackages('lib/cli/main.ts', 'cli', { banner: { js: '#!/usr/bin/env node' } })
await bundleWithPackages('lib/executor/progress-bar/display.ts', 'progress-display')

/** Only ES modules can be split, so they are split first and each file is made CommonJS after that. */
async function bundleEntryPoints() {
  mkdirSync(join(root, 'target'), { recursive: true })
  const modules = mkdtempSync(join(root, 'target/bundle-'))
  try {
    const names = subpaths.map((name) => [name, `lib/${name}/index.ts`])
    await build({
      ...options,
      entryPoints: Object.fromEntries([['index', 'lib/index.ts'], ...names]),
      format: 'esm',
      splitting: true,
      chunkNames: 'shared-[hash]',
      outdir: modules,
    })
    const files = readdirSync(modules).filter((name) => name.endsWith('.js'))
    const entryPoints = files.map((name) => join(modules, name))
    await build({ ...options, bundle: false, external: [], entryPoints, outdir: join(root, 'dist') })
  } finally {
    rmSync(modules, { recursive: true })
  }
}

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
