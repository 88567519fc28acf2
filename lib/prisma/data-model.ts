// What a Prisma client tells of its schema: which tables its models stand for, how they are related, and whose keys others
// refer to.
//
// None of it is public API of Prisma. Where anything looks otherwise than expected there is no data model at all, and
// whoever asks has to take every write for one that changes everything.

import { read } from '../values/read.ts'

export interface Model {
  /** What the table is called in keys; of a view, `undefined`, since its content depends on any table. */
  readonly table: string | undefined
  /** The model that each relation field leads to. */
  readonly relations: ReadonlyMap<string, Model>
  /** The model itself and all whose rows a change of its keys, or the removal of its rows, can change in turn. */
  readonly dependents: ReadonlySet<Model>
  /** The fields that rows of others refer to. */
  readonly referenced: ReadonlySet<string>
  /** Whether one of those says what a row refers to itself, so that linking the row elsewhere changes its key. */
  readonly hasKeyOfLinks: boolean
}

/** Models by their name in the schema. */
export type DataModel = ReadonlyMap<string, Model>

interface Draft extends Model {
  table: string | undefined
  relations: Map<string, Draft>
  dependents: Set<Draft>
  referenced: Set<string>
  hasKeyOfLinks: boolean
  /** The fields that say what a row refers to. */
  linking: Set<string>
}

interface Field {
  name: string
  kind: string
  type: string
  relationName?: string
}

/** A field of a relation as the schema declares it. */
interface Declaration {
  readonly owner: Draft
  readonly target: Draft
  readonly isList: boolean
  readonly fields: string[]
  readonly references: string[]
}

/** `undefined` where the client does not show it, or not in the form that is known. */
export function readDataModel(client: unknown): DataModel | undefined {
  const models = read(read(client, '_runtimeDataModel'), 'models')
  const schema = read(read(client, '_engineConfig'), 'inlineSchema')
  if (typeof models !== 'object' || models === null || typeof schema !== 'string') return undefined
  const blocks = blocksOf(schema)
  const drafts = new Map<string, Draft>()
  for (const [name, model] of Object.entries(models)) {
    const kind = blocks.get(name)?.kind
    if (kind === undefined || !isFieldList(read(model, 'fields'))) return undefined
    drafts.set(name, draftOf(kind === 'view' ? undefined : tableOf(name, model)))
  }
  const declarations = new Map<string, Declaration[]>()
  for (const [name, draft] of drafts) {
    for (const field of read(read(models, name), 'fields') as Field[]) {
      if (field.kind !== 'object' || field.relationName === undefined) continue
      const target = drafts.get(field.type)
      const declared = target && declarationOf(field, draft, target, blocks.get(name)?.body ?? '')
      if (declared === undefined) return undefined
      draft.relations.set(field.name, declared.target)
      declarations.set(field.relationName, [...(declarations.get(field.relationName) ?? []), declared])
    }
  }
  for (const sides of declarations.values()) if (!link(sides)) return undefined
  for (const draft of drafts.values()) finish(draft)
  return drafts
}

function draftOf(table: string | undefined): Draft {
  return {
    table,
    relations: new Map(),
    dependents: new Set(),
    referenced: new Set(),
    hasKeyOfLinks: false,
    linking: new Set(),
  }
}

function tableOf(name: string, model: unknown): string {
  const [table, schema] = [read(model, 'dbName'), read(model, 'schema')]
  const own = typeof table === 'string' ? table : name
  return encodeURIComponent(typeof schema === 'string' ? `${schema}.${own}` : own)
}

function isFieldList(fields: unknown): fields is Field[] {
  const isText = (value: unknown) => typeof value === 'string'
  return (
    Array.isArray(fields) &&
    fields.every((field) => isText(read(field, 'name')) && isText(read(field, 'kind')) && isText(read(field, 'type')))
  )
}

/** The blocks of the models and views, by name, with every attribute on the line of its field. */
function blocksOf(schema: string): Map<string, { kind: string; body: string }> {
  // Strings and comments may hold braces; what is in them says nothing about relations.
  const bare = schema.replace(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*/g, (text) => (text[0] === '"' ? '""' : ''))
  const blocks = new Map<string, { kind: string; body: string }>()
  for (const [, kind = '', name = '', body = ''] of bare.matchAll(/^\s*(model|view)\s+(\w+)\s*\{([^}]*)\}/gm)) {
    blocks.set(name, { kind, body: joinLines(body) })
  }
  return blocks
}

/** The same text with no line break between parentheses. */
function joinLines(body: string): string {
  let depth = 0
  return body.replace(/[()\n]/g, (character) => {
    if (character === '(') depth++
    if (character === ')') depth--
    return character === '\n' && depth > 0 ? ' ' : character
  })
}

function declarationOf({ name, type }: Field, owner: Draft, target: Draft, body: string): Declaration | undefined {
  const line = new RegExp(`^[ \\t]*${name}[ \\t]+${type}(\\[\\s*\\])?[ \\t]*\\??([^\\n]*)$`, 'm').exec(body)
  if (line === null) return undefined
  const [, list, attributes = ''] = line
  const names = (argument: string) => {
    const [, listed = ''] = new RegExp(`\\b${argument}\\s*:\\s*\\[([^\\]]*)\\]`).exec(attributes) ?? []
    return listed.split(',').flatMap((listedName) => listedName.trim() || [])
  }
  return { owner, target, isList: list !== undefined, fields: names('fields'), references: names('references') }
}

/** Notes which side of a relation refers to the other; whether that is known. */
function link(sides: Declaration[]): boolean {
  const referring = sides.filter(({ fields, references }) => fields.length > 0 && fields.length === references.length)
  // Rows of two lists are linked by a table of its own, which both sides stand for.
  if (referring.length === 0) return sides.length === 2 && sides.every(({ isList }) => isList)
  for (const { owner, target, fields, references } of referring) {
    target.dependents.add(owner)
    for (const name of references) target.referenced.add(name)
    for (const name of fields) owner.linking.add(name)
  }
  return sides.length === 2 && referring.length === 1
}

function finish(draft: Draft): void {
  draft.hasKeyOfLinks = [...draft.linking].some((name) => draft.referenced.has(name))
  draft.dependents.add(draft)
  // A set visits what is added to it meanwhile.
  for (const dependent of draft.dependents) for (const next of dependent.dependents) draft.dependents.add(next)
}
