import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as ours from '@aah/ai-evals-performance'
import ts from 'typescript'
import { beforeAll, describe, expect, test } from 'vitest'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const CONTRACT = path('contract.d.ts')
const CONFORMANCE = path('conformance.ts')
const TSCONFIG = path('../../tsconfig.json')

interface Export {
  name: string
  isType: boolean
}

const documented = exportsOf(CONTRACT)

/** What each compiler message says, under the contract's name on the line it was reported for. */
const problems = new Map<string, string[]>()

beforeAll(() => {
  const lines = readFileSync(CONFORMANCE, 'utf8').split('\n')
  for (const { file, start, messageText } of compile()) {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n')
    const line = file?.fileName === CONFORMANCE ? lines[file.getLineAndCharacterOfPosition(start ?? 0).line] : undefined
    const name = line?.match(/documented\.(\w+)/)?.[1] ?? 'elsewhere'
    problems.set(name, [...(problems.get(name) ?? []), `${file?.fileName ?? ''}: ${text}`])
  }
}, 60_000)

describe('the declarations of the entry points', { timeout: 60_000 }, () => {
  const files = ['index.d.ts', ...readdirSync(path('../../types')).map((name) => `types/${name}`)]

  test.each(files)('%s compiles without skipLibCheck', (name) => {
    expect(files.length).toBeGreaterThan(5)
    expect(messagesOf(name)).toEqual([])
  })

  test('that of Prisma compiles without pg and its types', () => {
    expect(messagesOf('types/prisma.d.ts', { missing: /\/node_modules\/(@types\/)?pg\// })).toEqual([])
  })

  test('that of the AI SDK compiles by the rules of node16, where version 7 is no CommonJS', () => {
    const paths = { ai: [path('../../node_modules/ai-7/dist/index.d.ts')] }
    const { Node16: module } = ts.ModuleKind
    const { Node16: moduleResolution } = ts.ModuleResolutionKind
    expect(messagesOf('types/ai-sdk.d.ts', { options: { module, moduleResolution, paths } })).toEqual([])
  })
})

describe('the documented API', () => {
  test('is not empty, and the declarations compile without skipLibCheck', () => {
    expect(documented.length).toBeGreaterThan(30)
    expect(problems.get('elsewhere') ?? []).toEqual([])
  })

  test.each(documented)('$name has the documented type', ({ name }) => {
    expect(readFileSync(CONFORMANCE, 'utf8')).toMatch(new RegExp(`documented\\.${name}\\b`))
    expect(problems.get(name) ?? []).toEqual([])
  })

  test.each(documented.filter(({ isType }) => !isType))('$name exists when the program runs', ({ name }) => {
    expect(ours).toHaveProperty(name)
  })
})

/** What the compiler says to a declaration file, as it is found where some packages are not installed. */
function messagesOf(name: string, more: { missing?: RegExp; options?: ts.CompilerOptions } = {}): string[] {
  const options = { ...compilerOptions(), skipLibCheck: false, ...more.options }
  const host = ts.createCompilerHost(options)
  const { fileExists } = host
  host.fileExists = (file) => !more.missing?.test(file) && fileExists(file)
  const program = ts.createProgram([path(`../../${name}`)], options, host)
  const file = program.getSourceFile(path(`../../${name}`))
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, '\n'),
  )
}

/** Everything written here; not the declarations of Node.js and the language, which tsc checks on its own. */
function compile(): ts.Diagnostic[] {
  const program = ts.createProgram([CONFORMANCE], { ...compilerOptions(), skipLibCheck: false, noEmit: true })
  return program
    .getSourceFiles()
    .filter(({ fileName }) => !fileName.includes('/node_modules/'))
    .flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(TSCONFIG, ts.sys.readFile)
  return ts.parseJsonConfigFileContent(config, ts.sys, path('../..')).options
}

function exportsOf(file: string): Export[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  return source.statements.flatMap((statement) => {
    if (ts.isImportDeclaration(statement)) return []
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.map(({ name }) => ({ name: name.getText(), isType: false }))
    }
    const { name } = statement as ts.DeclarationStatement
    if (name === undefined) throw new Error(`The contract has a statement without a name: ${statement.getText()}`)
    const isType = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)
    return [{ name: name.getText(), isType }]
  })
}
