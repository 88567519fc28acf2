import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { bin, expectAllPassed, run } from './install.ts'

const MINUTES = 60_000
/** A schema with its client, as `prisma generate` makes it. */
const PRISMA = fileURLToPath(new URL('../../examples/prisma', import.meta.url))
const LOADED = { 'ai-sdk': true, anthropic: true, keyv: true, openai: true }

/** Projects with the packages that the subpaths work with, in their current versions and in one that is too old. */
export function testFrameworks(
  install: (project: string, ...options: string[]) => Promise<string>,
  versions: string[],
  nodes: Record<string, string>,
): void {
  // The current versions of the packages need a later Node.js than the oldest.
  const versionsOfFrameworks = versions.filter((version) => version !== 'oldest')

  describe('beside the current versions of its peers', () => {
    let project = ''
    beforeAll(async () => {
      project = await install('frameworks')
    }, 10 * MINUTES)

    test.each(versions.flatMap((version) => ['load.cjs', 'load.mjs'].map((program) => [program, version] as const)))(
      '%s has all subpaths whose peers are there, on the %s Node.js',
      async (program, version) => {
        const { prisma, ...loaded } = JSON.parse(await run(nodes[version] ?? '', [program], project))
        expect(loaded).toEqual(LOADED)
        expect(prisma).toContain('ERR_PEER_MISSING: @aah/ai-evals-performance/prisma works with `@prisma/client`')
        expect(prisma).toContain('npm install @prisma/client@7')
      },
    )

    test.each(
      versionsOfFrameworks.flatMap((version) => ['keyv.cjs', 'keyv.mjs'].map((program) => [program, version] as const)),
    )('%s runs to its end on the %s Node.js', async (program, version) => {
      expect((await run(nodes[version] ?? '', [program], project)).trim()).toBe('done')
    })

    test.each([
      ['node16', 'node16'],
      ['nodenext', 'nodenext'],
      ['preserve', 'bundler'],
      ['commonjs', 'node10'],
    ])('type-checks with module %s and moduleResolution %s', async (module, moduleResolution) => {
      await run(bin('tsc'), ['-p', '.', '--module', module, '--moduleResolution', moduleResolution], project)
    })

    test.each(versionsOfFrameworks)('passes in Jest on the %s Node.js', async (version) => {
      const jest = join(project, 'node_modules/jest/bin/jest.js')
      await run(nodes[version] ?? '', [jest, '--json', '--outputFile=results.json'], project)
      expectAllPassed(project, '__jest__')
    })

    test.each(versionsOfFrameworks)('passes in Vitest on the %s Node.js', async (version) => {
      const vitest = join(project, 'node_modules/vitest/vitest.mjs')
      await run(nodes[version] ?? '', [vitest, 'run', '--reporter=json', '--outputFile=results.json'], project)
      expectAllPassed(project, 'test')
    })
  })

  describe('beside Prisma on SQLite, without pg', () => {
    let project = ''
    beforeAll(async () => {
      project = await install('prisma')
      for (const name of ['generated', 'tables.sql']) {
        cpSync(join(PRISMA, name), join(project, name), { recursive: true })
      }
    }, 10 * MINUTES)

    test('type-checks, all declarations included', async () => {
      await run(bin('tsc'), ['-p', '.'], project)
    })

    test.each(versionsOfFrameworks)('passes in Vitest on the %s Node.js', async (version) => {
      const vitest = join(project, 'node_modules/vitest/vitest.mjs')
      await run(nodes[version] ?? '', [vitest, 'run', '--reporter=json', '--outputFile=results.json'], project)
      expectAllPassed(project, 'test')
    })
  })

  describe('beside a peer that is too old', () => {
    let project = ''
    beforeAll(async () => {
      // npm would refuse to install it.
      project = await install('old-frameworks', '--legacy-peer-deps')
    }, 10 * MINUTES)

    test('says which version is installed and which are wanted', async () => {
      const { keyv, openai } = JSON.parse(await run(process.execPath, ['load.cjs'], project))
      expect(keyv).toMatch(/^ERR_PEER_VERSION: .*`keyv` version 5\.x or 6\.x, but 4\.\d+\.\d+ is installed/)
      expect(openai).toMatch(/^ERR_PEER_MISSING: /)
    })
  })
}
