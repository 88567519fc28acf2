// `lib/peer.ts` as it stands in an installed package, in folders laid out as package managers do it.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buildSync } from 'esbuild'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const PEER = { name: 'peer', majors: [5, 6] }
const OURS = 'node_modules/@aah/ai-evals-performance'

let project = ''

beforeEach(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), 'ai-evals-peer-')))
  const options = { entryPoints: [join(__dirname, '../lib/peer.ts')], bundle: true, platform: 'node' as const }
  buildSync({ ...options, outfile: join(project, OURS, 'dist/peer.js'), format: 'cjs' })
})

afterEach(() => {
  rmSync(project, { recursive: true, force: true })
})

function load(path = join(project, OURS, 'dist/peer.js')): typeof import('../lib/peer.ts') {
  return createRequire(import.meta.url)(path)
}

/** Installs a package in a folder of the project; `more` is the rest of its manifest. */
function installed(folder: string, version: string, more: object = {}, files: Record<string, string> = {}): void {
  const path = join(project, folder)
  const manifest = JSON.stringify({ name: 'peer', version, main: 'index.js', ...more })
  for (const [name, text] of Object.entries({ 'index.js': '', ...files, 'package.json': manifest })) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
}

const HOISTED = 'node_modules/peer'
const NESTED = `${OURS}/node_modules/peer`

describe('the version of a peer', () => {
  test.each([
    ['that exports everything', {}],
    ['that exports its manifest', { exports: { '.': './index.js', './package.json': './package.json' } }],
    ['that does not export its manifest', { exports: { '.': './index.js' } }],
    ['that has modules only', { type: 'module', exports: { '.': { import: './index.js' } } }],
    ['that has no main entry', { exports: { './part': './index.js' } }],
  ])('%s is found', (_, manifest) => {
    installed(HOISTED, '6.1.2', manifest)
    expect(load().peerVersion('sub', PEER)).toBe('6.1.2')
  })

  test('is not that of a manifest in a folder of its build', () => {
    const exports = { '.': './dist/cjs/index.js' }
    const nested = JSON.stringify({ type: 'commonjs', name: 'other', version: '9.0.0' })
    installed(HOISTED, '5.0.0', { exports }, { 'dist/cjs/index.js': '', 'dist/cjs/package.json': nested })
    expect(load().peerVersion('sub', PEER)).toBe('5.0.0')
  })

  test('is that of the one beside us, not of one further up', () => {
    installed(HOISTED, '4.0.0')
    installed(NESTED, '5.9.0')
    expect(load().peerVersion('sub', PEER)).toBe('5.9.0')
  })

  test('is found where packages are links', () => {
    const real = '.store/us/node_modules'
    installed(`${real}/peer`, '6.0.0')
    mkdirSync(join(project, real, '@aah'))
    symlinkSync(join(project, OURS), join(project, real, '@aah/linked'))
    const path = join(project, real, '@aah/linked/dist/peer.js')
    // Node.js looks from where a link leads, where there is none.
    expect(() => load(path).peerVersion('sub', PEER)).toThrow('not installed')
    installed(HOISTED, '5.1.0')
    expect(load(path).peerVersion('sub', PEER)).toBe('5.1.0')
  })

  test.each(['6.0.0-beta.3', '5.0.0+build'])('may be %s', (version) => {
    installed(HOISTED, version)
    expect(load().peerVersion('sub', PEER)).toBe(version)
  })

  test('of a scope is found', () => {
    installed('node_modules/@scope/peer', '1.2.3', { name: '@scope/peer' })
    expect(load().peerVersion('sub', { name: '@scope/peer', majors: [1] })).toBe('1.2.3')
  })
})

describe('a peer', () => {
  test('that is not installed is an error that says how to install it', () => {
    expect(failure()).toMatchObject({
      code: 'ERR_PEER_MISSING',
      message:
        '@aah/ai-evals-performance/sub works with `peer` version 5.x or 6.x, which is not installed: npm install peer@6',
    })
  })

  test.each(['4.9.9', '7.0.0', '50.0.0', '0.6.0', 'latest'])('of version %s is an error that names it', (version) => {
    installed(HOISTED, version)
    expect(failure()).toMatchObject({
      code: 'ERR_PEER_VERSION',
      message: `@aah/ai-evals-performance/sub works with \`peer\` version 5.x or 6.x, but ${version} is installed: npm install peer@6`,
    })
  })

  test('whose manifest cannot be read is as good as missing', () => {
    installed(HOISTED, '6.0.0')
    writeFileSync(join(project, HOISTED, 'package.json'), '{')
    expect(failure()).toMatchObject({ code: 'ERR_PEER_MISSING' })
  })

  test('is loaded from where its version was found', () => {
    installed(HOISTED, '6.0.0', {}, { 'index.js': 'module.exports = "hoisted"' })
    installed(NESTED, '6.0.0', {}, { 'index.js': 'module.exports = "nested"' })
    expect(load().loadPeer('peer')).toBe('nested')
  })
})

/** What is thrown for the peer as it is installed. */
function failure(): unknown {
  try {
    load().peerVersion('sub', PEER)
  } catch (error) {
    return error
  }
  return undefined
}
