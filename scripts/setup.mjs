// Installs and builds what is missing or out of date: the first half of `npm start` and `npm test`.
// Uses Node's own modules only, because it runs before anything is installed.

import { run, step } from './steps.mjs'

const ADDON = ['*.node', 'binding.js', 'binding.d.ts']

step('install', {
  inputs: ['package-lock.json'],
  // npm removes this file when it begins and writes it when it is done.
  outputs: ['node_modules/.package-lock.json'],
  // No package that is used here needs its scripts; some would fetch or compile what is not used.
  action: () => run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']),
})

step('addon', {
  inputs: ['src', 'crates', 'build.rs', 'Cargo.toml', 'Cargo.lock', 'package.json'],
  outputs: ADDON,
  action: () => run('npx', ['napi', 'build', '--platform', '--release', '--js', 'binding.js', '--dts', 'binding.d.ts']),
})

step('bundle', {
  inputs: ['lib', 'binding.d.ts', 'scripts/bundle.mjs', 'scripts/subpaths.mjs', 'package-lock.json'],
  outputs: ['dist'],
  action: () => run('node', ['scripts/bundle.mjs']),
})

step('declarations', {
  inputs: [
    'lib',
    'binding.d.ts',
    'tsconfig.json',
    'scripts/declarations.mjs',
    'scripts/subpaths.mjs',
    'package-lock.json',
  ],
  outputs: ['index.d.ts', 'types'],
  action: () => run('node', ['scripts/declarations.mjs']),
})

// Of the example and of the tests. The engine is not used, but would be downloaded if none were named.
step('prisma clients', {
  inputs: ['examples/prisma/schema.prisma', '__test__/prisma/schema.prisma', 'package-lock.json'],
  outputs: ['examples/prisma/generated', '__test__/prisma/generated'],
  action: () => {
    const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' }
    const options = { env, stdio: ['ignore', 'ignore', 'inherit'] }
    for (const folder of ['examples/prisma', '__test__/prisma']) {
      run('npx', ['prisma', 'generate', `--schema=${folder}/schema.prisma`, '--no-hints'], options)
    }
  },
})
