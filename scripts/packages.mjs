// Writes the manifests in npm/: one package per target of package.json's `napi.targets`, and the companion's version.
// `--check` writes nothing and fails where a committed one differs from what would be written.

import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, run } from './steps.mjs'

const COMPANION = 'ai-evals'
const committed = join(root, 'npm')
const check = process.argv.includes('--check')

// Made beside a copy of package.json, so that packages of targets that are no longer listed show up as a difference.
const scratch = mkdtempSync(join(tmpdir(), 'ai-evals-npm-'))
try {
  copyFileSync(join(root, 'package.json'), join(scratch, 'package.json'))
  run('npx', ['napi', 'create-npm-dirs', '--cwd', scratch], { stdio: ['ignore', 'ignore', 'inherit'] })
  const made = join(scratch, 'npm')
  cpSync(join(committed, COMPANION), join(made, COMPANION), { recursive: true })
  stampCompanion(join(made, COMPANION, 'package.json'))
  const stale = differences(made, committed)
  if (check && stale.length > 0) {
    console.error(`Stale: ${stale.join(', ')}. Run \`node scripts/packages.mjs\` and commit npm/`)
    process.exitCode = 1
  } else if (!check) {
    cpSync(made, committed, { recursive: true })
  }
} finally {
  rmSync(scratch, { recursive: true })
}

/** The companion has the version of what it re-exports and depends on exactly that one. */
function stampCompanion(path) {
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const manifest = JSON.parse(readFileSync(path, 'utf8'))
  manifest.version = version
  manifest.dependencies[name] = version
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`)
}

function differences(left, right) {
  const folders = new Set([...readdirSync(left), ...readdirSync(right)])
  return [...folders]
    .flatMap((folder) => ['package.json', 'README.md'].map((file) => join(folder, file)))
    .filter((path) => contents(join(left, path)) !== contents(join(right, path)))
    .map((path) => `npm/${path}`)
}

function contents(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
