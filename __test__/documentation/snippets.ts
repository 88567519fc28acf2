import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'

export interface Snippet {
  /** Where it stands, such as `README.md:12`. */
  place: string
  /** The block, as it is printed. */
  code: string
}

/** Every block of TypeScript in a Markdown file or in the comments of a declaration file. */
export function snippetsOf(file: string, root: string): Snippet[] {
  const text = readFileSync(file, 'utf8')
  return (file.endsWith('.md') ? fencedIn(text) : examplesIn(text)).map(({ index, code }) => ({
    place: `${relative(root, file)}:${text.slice(0, index).split('\n').length + 1}`,
    code,
  }))
}

interface Block {
  index: number
  code: string
}

function fencedIn(text: string): Block[] {
  const blocks = text.matchAll(/^```(?:ts|typescript)\b[^\n]*\n(.*?)^```$/gms)
  return Array.from(blocks, ({ index, 1: code = '' }) => ({ index, code }))
}

/** In a comment, `@example` begins a block too, which ends with the comment or where another tag of it begins. */
function examplesIn(text: string): Block[] {
  return [...text.matchAll(/\/\*\*(?:(?!\*\/).)*\*\//gs)].flatMap(({ index, 0: comment }) => {
    const bare = comment.replace(/\*\/$/, '').replace(/^\s*\/?\*+ ?/gm, '')
    const example = /^@example\n(.*?)(?=^@(?:param|returns|throws)\b|(?![\s\S]))/ms.exec(bare)
    return [...fencedIn(bare), ...(example ? [{ index: 0, code: example[1] ?? '' }] : [])].map(({ code }) => ({
      index,
      code,
    }))
  })
}

/**
 * A module that runs the block: its imports stay in front, the rest becomes the body of a function, and what it uses
 * without declaring it is imported from `fixtures` or, where that has no such name, from the module of the package that has
 * it.
 * Each interface the block documents has to be assignable from the type of that name, and an expression that a value
 * follows as a comment has to give that value.
 */
export function moduleOf({ code }: Snippet, names: { fixtures: Set<string>; package: Map<string, string> }): string {
  const source = ts.createSourceFile('snippet.ts', code, ts.ScriptTarget.Latest, true)
  const imports = source.statements.filter(ts.isImportDeclaration)
  const body = source.statements.filter((statement) => !ts.isImportDeclaration(statement))
  const interfaces = body.filter(ts.isInterfaceDeclaration).map(({ name }) => name.text)

  const declared = new Set([...imports, ...body].flatMap(namesDeclaredBy))
  const free = [...identifiersIn(source)].filter((name) => !declared.has(name))
  const own = free.filter((name) => !names.fixtures.has(name) && names.package.has(name))
  const given = free.filter((name) => names.fixtures.has(name))

  return [
    ...imports.map((statement) => statement.getText()),
    ...own.map((name) => `import { ${name} } from '${names.package.get(name)}'`),
    `import './fixtures.mjs'`,
    `import { ${given.join(', ')} } from './fixtures.mjs'`,
    `import type * as provided from '@aah/ai-evals/performance'`,
    `import { deepStrictEqual as gives } from 'node:assert'`,
    'async function snippet() {',
    ...body.map((statement) => checked(statement, code)),
    ...interfaces.map((name) => `;(value: provided.${name}): ${name} => value`),
    '}',
    'await snippet()',
  ].join('\n')
}

/** `expression // value` as an assertion; any other statement as it is. */
function checked(statement: ts.Statement, code: string): string {
  const [comment] = ts.getTrailingCommentRanges(code, statement.end) ?? []
  if (!ts.isExpressionStatement(statement) || comment === undefined) return statement.getText()
  const value = leadingValue(code.slice(comment.pos, comment.end).replace(/^\/\/\s*/, ''))
  return value === undefined ? statement.getText() : `gives(${statement.expression.getText()}, ${value})`
}

/** What a comment begins with, up to a comma or its end, if that is a literal. */
function leadingValue(comment: string): string | undefined {
  if (!/^(['"\d[{-]|(true|false|undefined)\b|new )/.test(comment)) return undefined
  for (let end = comment.length; end > 0; end = comment.lastIndexOf(',', end - 1)) {
    const value = comment.slice(0, end)
    const { diagnostics } = ts.transpileModule(`(${value})`, { reportDiagnostics: true })
    if (diagnostics?.length === 0) return value
  }
  return undefined
}

function namesDeclaredBy(statement: ts.Statement): string[] {
  if (ts.isImportDeclaration(statement)) {
    const { importClause } = statement
    const bindings = importClause?.namedBindings
    const named = bindings && ts.isNamedImports(bindings) ? bindings.elements.map(({ name }) => name.text) : []
    const whole = bindings && ts.isNamespaceImport(bindings) ? [bindings.name.text] : []
    return [...named, ...whole, ...(importClause?.name ? [importClause.name.text] : [])]
  }
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => [...identifiersIn(name)])
  }
  const { name } = statement as ts.DeclarationStatement
  return name && ts.isIdentifier(name) ? [name.text] : []
}

function identifiersIn(node: ts.Node): Set<string> {
  const found = new Set<string>()
  const visit = (child: ts.Node) => {
    if (ts.isIdentifier(child)) found.add(child.text)
    ts.forEachChild(child, visit)
  }
  visit(node)
  return found
}

/** The package's declaration files, each with the module that it declares. */
export function declarationsIn(root: string): Record<string, string> {
  const subpaths = readdirSync(join(root, 'types')).map((file) => [
    join('types', file),
    `@aah/ai-evals-performance/${file.replace('.d.ts', '')}`,
  ])
  return { 'index.d.ts': '@aah/ai-evals/performance', ...Object.fromEntries(subpaths) }
}

/** The documents whose snippets have to work: the project's own, and the users' copy of the old one where it is there. */
export function documents(root: string): { own: string[]; handed: string | undefined } {
  const handed = join(root, '../shared/seeds/performance-module.md')
  const docs = existsSync(join(root, 'docs'))
    ? readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    : []
  const markdown = ['README.md', 'npm/ai-evals/README.md', ...docs.map((name) => join('docs', name))]
  const own = [...markdown.filter((name) => name.endsWith('.md')), ...Object.keys(declarationsIn(root))].map((name) =>
    join(root, name),
  )
  return { own: own.filter(existsSync), handed: existsSync(handed) ? handed : undefined }
}
