// Which tables an operation reads or may change: what reads are stored with, and removed by.
//
// Rather too many than too few. A name that is a relation of the model counts wherever it stands, be it inside of JSON.

import type { DataModel, Model } from './data-model.ts'
import { isPlain } from './plain.ts'

/** What may have changed: some tables, or any. */
export type Tables = ReadonlySet<string> | 'all'

/** What no table is called: a read that has it depends on all of them. */
export const ANY = '*'

const ALL_OF_ANY: ReadonlySet<string> = new Set([ANY])

const CREATING: ReadonlySet<string> = new Set(['create', 'createMany', 'createManyAndReturn'])
const UPDATING: ReadonlySet<string> = new Set(['update', 'updateMany', 'updateManyAndReturn', 'upsert'])
const REMOVING: ReadonlySet<string> = new Set(['delete', 'deleteMany'])
/** Below these in the data of a write, the names of fields do not say what is to become of a key. */
const ADDING: ReadonlySet<string> = new Set([
  ...['create', 'createMany', 'connect', 'connectOrCreate', 'disconnect', 'set', 'where'],
])

/** The tables that the answer of a read depends on. */
export function tablesRead(dataModel: DataModel | undefined, name: string, args: unknown): ReadonlySet<string> {
  const model = dataModel?.get(name)
  if (model === undefined) return ALL_OF_ANY
  const models = new Set([model])
  collectRead(model, args, false, models)
  return new Set([...models].map(({ table }) => table ?? ANY).sort())
}

/** The tables that a write may change: all, unless it is a known operation. */
export function tablesWritten(
  dataModel: DataModel | undefined,
  name: string | undefined,
  operation: string,
  args: Record<string, unknown>,
): Tables {
  const model = name === undefined ? undefined : dataModel?.get(name)
  if (model === undefined) return 'all'
  const models = new Set([model])
  if (CREATING.has(operation)) {
    collectWritten(model, args.data, false, models)
  } else if (UPDATING.has(operation)) {
    collectWritten(model, args.create, false, models)
    collectWritten(model, operation === 'upsert' ? args.update : args.data, true, models)
  } else if (REMOVING.has(operation)) {
    addAll(models, model.dependents)
  } else {
    return 'all'
  }
  const tables = new Set<string>()
  for (const { table } of models) {
    // What a view can be written through to is the database's affair.
    if (table === undefined) return 'all'
    tables.add(table)
  }
  return tables
}

function collectRead(model: Model, value: unknown, isSelection: boolean, models: Set<Model>): void {
  if (Array.isArray(value)) {
    for (const element of value) collectRead(model, element, isSelection, models)
    return
  }
  if (!isPlain(value)) return
  for (const name of Object.keys(value)) {
    const child = value[name]
    const target = model.relations.get(name)
    if (target !== undefined) {
      models.add(target)
      collectRead(target, child, false, models)
    } else if (name === '_count' && child === true && isSelection) {
      // Of every relation.
      addAll(models, model.relations.values())
    } else {
      collectRead(model, child, name === 'select' || name === 'include', models)
    }
  }
}

function collectWritten(model: Model, value: unknown, isUpdate: boolean, models: Set<Model>): void {
  for (const [name, child] of childrenOf(value)) {
    const target = name === undefined ? undefined : model.relations.get(name)
    if (name === undefined) {
      collectWritten(model, child, isUpdate, models)
    } else if (target !== undefined) {
      // Whichever of the two refers to the other, its row is linked to another one now.
      for (const linked of [model, target]) if (linked.hasKeyOfLinks) addAll(models, linked.dependents)
      models.add(target)
      collectWritten(target, child, isUpdate, models)
    } else {
      const mayMoveKey = isUpdate && model.referenced.has(name)
      if (mayMoveKey || UPDATING.has(name) || REMOVING.has(name)) addAll(models, model.dependents)
      collectWritten(model, child, isUpdate && !ADDING.has(name), models)
    }
  }
}

/** The elements of an array, without a name, or the properties of an object. */
function* childrenOf(value: unknown): Iterable<[string | undefined, unknown]> {
  if (Array.isArray(value)) for (const element of value) yield [undefined, element]
  else if (isPlain(value)) for (const entry of Object.entries(value)) yield entry
}

function addAll<T>(set: Set<T>, members: Iterable<T>): void {
  for (const member of members) set.add(member)
}
