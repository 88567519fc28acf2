// Installs and builds what is missing or out of date: the first half of `npm start` and `npm test`.
// Uses Node's own modules only, because it runs before anything is installed.

import { readdirSync } from 'node:fs'
import { isStale, root, run } from './steps.mjs'

const NATIVE_SOURCES = ['src', 'crates', 'build.rs', 'Cargo.toml', 'Cargo.lock']

if (isStale('node_modules/.package-lock.json', ['package-lock.json'])) run('npm', ['ci'])

const addon = readdirSync(root).find((name) => name.endsWith('.node'))
if (addon === undefined || isStale(addon, NATIVE_SOURCES) || isStale('binding.d.ts', NATIVE_SOURCES)) {
  run('npx', ['napi', 'build', '--platform', '--release', '--js', 'binding.js', '--dts', 'binding.d.ts'])
}

if (isStale('dist/index.js', ['lib', 'binding.d.ts'])) run('node', ['scripts/bundle.mjs'])
if (isStale('index.d.ts', ['lib', 'binding.d.ts'])) run('node', ['scripts/declarations.mjs'])
