// What the npm commands share: run a program, and redo a build step only where its inputs or outputs changed.
//
// A step is fresh while its inputs and outputs have the content they had when it last succeeded. Content, not times:
// a branch switched back and forth, a touched file or a step that was interrupted are all judged rightly.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

const RECORD = join(root, 'target/setup.json')

/** Runs a program in the project's root with its output shown; ends this process with its exit code if it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    ...options,
  })
  if (result.error) {
    console.error(`Could not start \`${command}\`: ${result.error.message}`)
    process.exit(1)
  }
  if (result.status !== 0) process.exit(result.status ?? 1)
  return result
}

/**
 * Calls `action` unless the step `name` is fresh. `inputs` and `outputs` are paths from the root: files, or folders with
 * everything below them. An output that starts with `*` stands for every file in the root that ends with the rest.
 */
export function step(name, { inputs, outputs, action }) {
  const before = fingerprint(inputs)
  const known = readRecord()[name]
  if (known !== undefined && known.inputs === before && known.outputs === fingerprint(outputs)) return
  action()
  const record = { ...readRecord(), [name]: { inputs: before, outputs: fingerprint(outputs) } }
  mkdirSync(dirname(RECORD), { recursive: true })
  writeFileSync(RECORD, `${JSON.stringify(record, null, 2)}\n`)
}

function readRecord() {
  try {
    return JSON.parse(readFileSync(RECORD, 'utf8'))
  } catch {
    return {}
  }
}

/** A digest of names and contents; another platform or architecture has another one. */
function fingerprint(paths) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  for (const path of paths.flatMap(expand)) {
    hash.update(`\0${relative(root, path)}\0`)
    hash.update(readIfThere(path))
  }
  return hash.digest('hex')
}

function expand(path) {
  if (path.startsWith('*')) {
    const matches = readdirSync(root).filter((name) => name.endsWith(path.slice(1)))
    // No match is a missing output, which must not look like an output without content.
    return matches.length === 0 ? [join(root, path)] : matches.sort().map((name) => join(root, name))
  }
  return filesBelow(join(root, path))
}

function filesBelow(path) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat?.isDirectory()) return [path]
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)))
}

function readIfThere(path) {
  try {
    return readFileSync(path)
  } catch {
    return 'missing'
  }
}
