// The proof of "drop-in": projects as users write them install the packed packages, type-check and run.

import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testFrameworks } from './frameworks.ts'
import { bin, expectAllPassed, install, installNode, pack, run, temporaryFolder, whyNoRegistry } from './install.ts'

const MINUTES = 60_000

const reason = await whyNoRegistry()
if (reason !== undefined) console.warn(`Skipped: nothing can be installed, ${reason}`)

const hasOtherNodes = process.platform === 'linux' && process.arch === 'x64'
if (!hasOtherNodes)
  console.warn('Skipped on other versions of Node.js: their binaries are fetched for Linux on x64 only')

describe.skipIf(reason !== undefined)('an installed package', { timeout: 5 * MINUTES }, () => {
  const folder = temporaryFolder()
  let tarballs: string[] = []
  /** The Node.js this test runs on, the oldest we support, and the newest. */
  const nodes: Record<string, string> = { current: process.execPath }

  beforeAll(async () => {
    tarballs = await pack(folder)
    if (hasOtherNodes) Object.assign(nodes, await installNode({ oldest: '20.0.0', newest: '26' }, folder))
  }, 10 * MINUTES)
  afterAll(() => rmSync(folder, { recursive: true, force: true }), 2 * MINUTES)

  const versions = hasOtherNodes ? ['current', 'oldest', 'newest'] : ['current']
  /** The test tools need a later release of Node.js 20 than we do. */
  const versionsOfTools = versions.filter((version) => version !== 'oldest')

  describe('in programs', () => {
    let project = ''
    beforeAll(async () => {
      project = await install('scripts', tarballs, folder)
    }, 10 * MINUTES)

    test('comes without packages of other platforms, tests or sources', () => {
      const scope = join(project, 'node_modules/@aah')
      expect(readdirSync(scope)).toHaveLength(3)
      const files = readdirSync(join(scope, 'ai-evals-performance')).filter((name) => !/^(README|LICENSE)/.test(name))
      expect(files.sort()).toEqual(['binding.js', 'dist', 'index.d.ts', 'index.js', 'package.json', 'types'])
    })

    test('brings a command', async () => {
      expect(await run('npx', ['--no-install', 'ai-evals-perf', 'cache', '--help'], project)).toContain('verify')
    })

    describe.each(versions)('on the %s Node.js', (version) => {
      test.each([
        ['require', ['-p', "require('@aah/ai-evals/performance').cacheManager.getAllStats().response.entries"]],
        [
          'import',
          [
            '--input-type=module',
            '-e',
            "import { cacheManager } from '@aah/ai-evals/performance'; console.log(cacheManager.getAllStats().query.entries)",
          ],
        ],
      ])('one line with %s works', async (_kind, args) => {
        expect((await run(nodes[version] ?? '', args, project)).trim()).toBe('0')
      })

      test('the command line says what it can do', async () => {
        const program = join(project, 'node_modules/@aah/ai-evals-performance/dist/cli.js')
        expect(await run(nodes[version] ?? '', [program, '--help'], project)).toContain('Usage: ai-evals-perf')
      })

      test.each(['program.cjs', 'program.mjs'])('%s runs to its end', async (program) => {
        expect((await run(nodes[version] ?? '', [program], project)).trim()).toBe('done')
      })
    })
  })

  describe('in a Jest project', () => {
    let project = ''
    beforeAll(async () => {
      project = await install('jest', tarballs, folder)
    }, 10 * MINUTES)

    test('type-checks with module node16, all declarations included', async () => {
      await run(bin('tsc'), ['-p', '.'], project)
    })

    test.each([
      ['nodenext', 'nodenext'],
      ['preserve', 'bundler'],
      ['commonjs', 'node10'],
    ])('type-checks with module %s and moduleResolution %s', async (module, moduleResolution) => {
      const resolution = ['--module', module, '--moduleResolution', moduleResolution]
      await run(bin('tsc'), ['-p', '.', '--skipLibCheck', ...resolution], project)
    })

    test.each(versionsOfTools)('passes on the %s Node.js, in two workers', async (version) => {
      const jest = join(project, 'node_modules/jest/bin/jest.js')
      await run(nodes[version] ?? '', [jest, '--json', '--outputFile=results.json'], project)
      expectAllPassed(project, '__test__')
    })

    test('leaves no handle open', async () => {
      const jest = join(project, 'node_modules/jest/bin/jest.js')
      const output = await run(process.execPath, [jest, '--detectOpenHandles'], project)
      expect(output).not.toMatch(/open handle|did not exit|force exit/i)
    })
  })

  describe('in a Vitest project', () => {
    let project = ''
    beforeAll(async () => {
      project = await install('vitest', tarballs, folder)
    }, 10 * MINUTES)

    test.each([
      ['preserve', 'bundler'],
      ['nodenext', 'nodenext'],
    ])('type-checks with module %s and moduleResolution %s', async (module, moduleResolution) => {
      await run(bin('tsc'), ['-p', '.', '--module', module, '--moduleResolution', moduleResolution], project)
    })

    test.each(versionsOfTools.flatMap((version) => ['forks', 'threads'].map((pool) => [version, pool] as const)))(
      'passes on the %s Node.js, in two %s',
      async (version, pool) => {
        const vitest = join(project, 'node_modules/vitest/vitest.mjs')
        const args = [vitest, 'run', `--pool=${pool}`, '--reporter=json', '--outputFile=results.json']
        const output = await run(nodes[version] ?? '', args, project)
        expect(output).not.toMatch(/close timed out|hanging/i)
        expectAllPassed(project, 'test')
      },
    )
  })

  testFrameworks((project, ...options) => install(project, tarballs, folder, options), versions, nodes)
})
