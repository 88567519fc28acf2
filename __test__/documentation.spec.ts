import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { build, transform } from 'esbuild'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ModelServer, startModelServer } from '../examples/model-server.ts'
import { declarationsIn, documents, moduleOf, snippetsOf } from './documentation/snippets.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const FIXTURES = join(root, '__test__/documentation/fixtures.mts')

const DECLARATIONS = declarationsIn(root)
/** What each of them exports, and from which module it is imported. */
const EXPORTS = new Map(
  Object.entries(DECLARATIONS).map(([file, module]) => [
    file,
    [...exportedNames(join(root, file))].map((name): [string, string] => [name, module]),
  ]),
)
/** What readers have installed beside the package. */
const PEERS = ['@ai-sdk', '@anthropic-ai', '@prisma', 'ai', 'keyv', 'openai', 'pg', 'zod']

const { own, handed } = documents(root)
const snippets = [...own, ...(handed === undefined ? [] : [handed])]
  .flatMap((file) => snippetsOf(file, root))
  .map((snippet, index) => ({ ...snippet, file: `snippet-${index}` }))
if (handed === undefined)
  console.warn('The documentation that users have in hand is not beside the project: own snippets only')

/** A project of its own, with the companion installed and this package linked. */
const project = mkdtempSync(join(tmpdir(), 'ai-evals-snippets-'))
const errors = new Map<string, string[]>()

/** The reader's accounts with providers, for whom a server on this machine stands in. */
let accounts: Record<string, string> = {}
let provider: ModelServer

beforeAll(async () => {
  provider = await startModelServer({
    dataset: [],
    models: { 'gpt-4o-mini': 1, 'claude-haiku-4-5': 1 },
    medianLatency: 1,
    failureRate: 0,
  })
  accounts = {
    OPENAI_API_KEY: 'any',
    OPENAI_BASE_URL: provider.url,
    ANTHROPIC_API_KEY: 'any',
    ANTHROPIC_BASE_URL: provider.origin,
  }
  installPackages()
  await installPrismaClient()
  const fixtures = exportedNames(FIXTURES)
  await write('fixtures', readFileSync(FIXTURES, 'utf8'))
  for (const snippet of snippets) await write(snippet.file, moduleOf(snippet, { fixtures, package: namesFor(snippet) }))
  for (const { file, messageText } of compile()) {
    const name = basename(file?.fileName ?? '', '.mts')
    errors.set(name, [...(errors.get(name) ?? []), ts.flattenDiagnosticMessageText(messageText, '\n')])
  }
}, 120_000)

afterAll(async () => {
  await provider.close()
  rmSync(project, { recursive: true, force: true })
}, 60_000)

describe('what the snippets are given', () => {
  test('compiles', () => {
    const known = new Set(snippets.map(({ file }) => file))
    expect([...errors].filter(([name]) => !known.has(name))).toEqual([])
  })

  test.each(Object.keys(DECLARATIONS))('is every example in the comments of %s', (file) => {
    const marks = readFileSync(join(root, file), 'utf8').match(/@example|```ts/g) ?? []
    expect(marks.length).toBeGreaterThan(file === 'index.d.ts' ? 10 : 0)
    expect(snippets.filter(({ place }) => place.startsWith(`${file}:`))).toHaveLength(marks.length)
  })

  test.runIf(handed !== undefined)('is every block of the documentation that users have in hand', () => {
    expect(snippets.filter(({ place }) => place.includes('performance-module.md'))).toHaveLength(14)
  })
})

describe.each(snippets)('$place', (snippet) => {
  test('compiles unchanged', () => {
    expect(errors.get(snippet.file) ?? []).toEqual([])
  })

  test('runs unchanged, and the process ends by itself', async () => {
    await promisify(execFile)(process.execPath, [join(project, `${snippet.file}.mjs`)], {
      timeout: 60_000,
      cwd: project,
      env: { ...process.env, ...accounts },
    })
  }, 90_000)
})

function installPackages() {
  const scope = join(project, 'node_modules/@aah')
  mkdirSync(scope, { recursive: true })
  // Copied, not linked: what it re-exports is looked up from where it stands.
  cpSync(join(root, 'npm/ai-evals'), join(scope, 'ai-evals'), { recursive: true })
  symlinkSync(root, join(scope, 'ai-evals-performance'), 'junction')
  for (const name of ['@types', ...PEERS]) {
    symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name), 'junction')
  }
}

/** What Prisma's users have in their project: a generated client, and a database. */
async function installPrismaClient() {
  const [source, target] = [join(root, 'examples/prisma'), join(project, 'generated')]
  cpSync(join(source, 'generated'), target, { recursive: true })
  const outfile = join(target, 'client.js')
  await build({
    entryPoints: [join(target, 'client.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
  })
  const database = await new PrismaLibSql({ url: `file:${join(project, 'students.db')}` }).connect()
  await database.executeScript(readFileSync(join(source, 'tables.sql'), 'utf8'))
  await database.executeScript(`
    INSERT INTO "StudentProfile" ("studentId", "name") VALUES ('123', 'Ada');
    INSERT INTO "PerformanceMetric" ("term", "gpa", "profileId") VALUES ('spring', 3.4, 1);
  `)
  await database.dispose()
}

/** What a snippet need not import: all that the index exports and, in the declarations of a subpath, what that does. */
function namesFor({ place }: { place: string }): Map<string, string> {
  const files = Object.keys(DECLARATIONS).filter((file) => file === 'index.d.ts' || place.startsWith(`${file}:`))
  return new Map(files.flatMap((file) => EXPORTS.get(file) ?? []))
}

async function write(name: string, typescript: string) {
  writeFileSync(join(project, `${name}.mts`), typescript)
  const { code } = await transform(typescript, { loader: 'ts', format: 'esm', target: 'node20' })
  writeFileSync(join(project, `${name}.mjs`), code)
}

function compile(): ts.Diagnostic[] {
  const files = ['fixtures', ...snippets.map(({ file }) => file)].map((name) => join(project, `${name}.mts`))
  const program = ts.createProgram(files, {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    typeRoots: [join(project, 'node_modules/@types')],
    types: ['node'],
  })
  return files.flatMap((file) => {
    const source = program.getSourceFile(file)
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
  })
}

/** Types and values; what a declaration file lists in its `export { … }` included. */
function exportedNames(file: string): Set<string> {
  const program = ts.createProgram([file], { module: ts.ModuleKind.NodeNext, noResolve: true, noLib: true })
  const source = program.getSourceFile(file)
  const symbol = source && program.getTypeChecker().getSymbolAtLocation(source)
  return new Set([...(symbol?.exports?.keys() ?? [])].map(String))
}
