// The packages that a subpath works with, which its users have installed themselves.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { PerformanceError } from './errors.ts'
import { read } from './values/read.ts'

const load = createRequire(__filename)

/** A package, and the major versions of it that a subpath was made for. */
export interface Peer {
  readonly name: string
  readonly majors: readonly number[]
}

/**
 * The version of a peer.
 *
 * @throws PerformanceError `ERR_PEER_MISSING` where it is not installed, `ERR_PEER_VERSION` where it is another version.
 */
export function peerVersion(subpath: string, { name, majors }: Peer): string {
  const us = `@aah/ai-evals-performance/${subpath}`
  const wanted = `\`${name}\` version ${majors.map((major) => `${major}.x`).join(' or ')}`
  const install = `npm install ${name}@${majors.at(-1)}`
  const version = installedVersion(name)
  if (version === undefined) {
    throw new PerformanceError('ERR_PEER_MISSING', `${us} works with ${wanted}, which is not installed: ${install}`)
  }
  if (!majors.includes(Number.parseInt(version, 10))) {
    throw new PerformanceError(
      'ERR_PEER_VERSION',
      `${us} works with ${wanted}, but ${version} is installed: ${install}`,
    )
  }
  return version
}

/** Loads a module of a peer, whose version was checked before. */
export function loadPeer<T>(module: string): T {
  return load(module) as T
}

/** Loads a package that a module of a peer uses, which our users may not see themselves. */
export function loadBehindPeer<T>(module: string, name: string): { loaded: T; path: string } {
  const behind = createRequire(load.resolve(module))
  return { loaded: behind(name) as T, path: behind.resolve(name) }
}

function installedVersion(name: string): string | undefined {
  for (const start of placesOf(name)) {
    for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
      const manifest = readManifest(join(folder, 'package.json'))
      const version = read(manifest, 'version')
      if (read(manifest, 'name') === name && typeof version === 'string') return version
    }
  }
  return undefined
}

/**
 * Where a manifest may be, or below it. Many packages do not export theirs, so it is looked for above what they do
 * export; and some export nothing that can be required, so it is looked for where packages are.
 */
function* placesOf(name: string): IterableIterator<string> {
  for (const module of [`${name}/package.json`, name]) {
    try {
      yield dirname(load.resolve(module))
    } catch {}
  }
  for (const folder of load.resolve.paths(name) ?? []) yield join(folder, name)
}

function readManifest(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
