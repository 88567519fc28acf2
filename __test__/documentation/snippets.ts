import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'

export interface Snippet {
  /** Where it stands, such as `README.md:12`. */
  place: string
  /** The block, as it is printed. */
  code: string
}

/** Every block of TypeScript in a Markdown file. */
export function snippetsOf(file: string, root: string): Snippet[] {
  const markdown = readFileSync(file, 'utf8')
  return [...markdown.matchAll(/^```(?:ts|typescript)\b[^\n]*\n(.*?)^```$/gms)].map((match) => ({
    place: `${relative(root, file)}:${markdown.slice(0, match.index).split('\n').length + 1}`,
    code: match[1] ?? '',
  }))
}

/**
 * A module that runs the block: its imports stay in front, the rest becomes the body of a function, and what it uses
 * without declaring it is imported from `fixtures` or, where that has no such name, from the package itself.
 * Each interface the block documents has to be assignable from the type of that name.
 */
export function moduleOf({ code }: Snippet, names: { fixtures: Set<string>; package: Set<string> }): string {
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
    `import { ${own.join(', ')} } from '@aah/ai-evals/performance'`,
    `import './fixtures.mjs'`,
    `import { ${given.join(', ')} } from './fixtures.mjs'`,
    `import type * as provided from '@aah/ai-evals/performance'`,
    'async function snippet() {',
    ...body.map((statement) => statement.getText()),
    ...interfaces.map((name) => `;(value: provided.${name}): ${name} => value`),
    '}',
    'await snippet()',
  ].join('\n')
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

/** The documents whose snippets have to work: the project's own, and the users' copy of the old one where it is there. */
export function documents(root: string): { own: string[]; handed: string | undefined } {
  const handed = join(root, '../shared/seeds/performance-module.md')
  const docs = existsSync(join(root, 'docs'))
    ? readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    : []
  const own = ['README.md', 'npm/ai-evals/README.md', ...docs.map((name) => join('docs', name))]
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(root, name))
  return { own: own.filter(existsSync), handed: existsSync(handed) ? handed : undefined }
}
