// What this machine lets a test do with file systems and users, found out by trying.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const IS_ROOT = process.getuid?.() === 0

/** Runs a command where mounts are its own and end with it. */
export const UNSHARED = IS_ROOT ? ['unshare', '--mount', '--'] : ['unshare', '--map-root-user', '--mount', '--']

/** Somebody else than the owner of the files, if we may be that. */
export const NOBODY = IS_ROOT ? 65_534 : undefined

/** Why a file system cannot be mounted, or nothing. */
export function whyNoMount(): string | undefined {
  const [command = '', ...rest] = [...UNSHARED, 'mount', '-t', 'tmpfs', 'none', __dirname]
  const { status, error, stderr } = spawnSync(command, rest, { encoding: 'utf8' })
  return status === 0 ? undefined : `no file system can be mounted here: ${error?.message ?? stderr.trim()}`
}

/** Why a process cannot run without rights to what we own, or nothing. */
export function whyNoNobody(): string | undefined {
  if (!IS_ROOT) return undefined
  const program = `require(${JSON.stringify(join(__dirname, '../..'))})`
  const { status, error, stderr } = spawnSync(process.execPath, ['-e', program], { uid: NOBODY, encoding: 'utf8' })
  return status === 0 ? undefined : `another user cannot run the package here: ${error?.message ?? stderr.trim()}`
}
