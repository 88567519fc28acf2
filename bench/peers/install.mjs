// Installs what bench/ compares with, once.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const PEERS = fileURLToPath(new URL('.', import.meta.url))

export const isInstalled = (name) => existsSync(join(PEERS, 'node_modules', name))

/** Leaves out those that take minutes unless they are among `names`, or there already: npm would remove them. */
export function installPeers(names, { optional }) {
  if (names.every(isInstalled)) return
  const omitted = optional || isInstalled('better-sqlite3') ? [] : ['--omit=optional']
  console.log(`Installing the peers once${omitted.length > 0 ? '' : '; one of them compiles for some minutes'}.`)
  const args = ['install', '--no-package-lock', '--no-audit', '--no-fund', ...omitted]
  spawnSync('npm', args, { cwd: PEERS, stdio: 'inherit', shell: process.platform === 'win32' })
}
