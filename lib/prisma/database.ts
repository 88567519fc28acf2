// Which database a client works with, as far as the client tells, and as whom.

import { createHash, randomUUID } from 'node:crypto'
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { read } from '../values/read.ts'
import type { DataModel } from './data-model.ts'

export interface Database {
  /** What its entries are found by; two databases never share it. */
  readonly name: string
  /** What else decides what a query finds there: the user, the schema. */
  readonly view: readonly unknown[]
}

/** By adapter, where nothing else tells databases apart. */
const unnamed = new WeakMap<object, string>()

/** The database under the `name` it was given, or else the one that the client's adapter connects to. */
export function databaseOf(client: unknown, name: string | undefined): Database {
  const engine = read(client, '_engineConfig')
  const adapter = read(engine, 'adapter')
  const told = serverOf(adapter) ?? fileOf(adapter) ?? proxyOf(engine)
  const view = told?.view ?? []
  if (name !== undefined) return { name: encodeURIComponent(name), view }
  return { name: encodeURIComponent(told?.name ?? uniqueName(adapter ?? client)), view }
}

/** One that no other database has, and no other process. */
function uniqueName(holder: unknown): string {
  const key = holder as object
  const name = unnamed.get(key) ?? `unnamed-${randomUUID()}`
  unnamed.set(key, name)
  return name
}

/** Of an adapter that was given what `pg` takes, or a pool of it. */
function serverOf(adapter: unknown): Database | undefined {
  const config = read(adapter, 'config')
  const text = read(config, 'connectionString')
  const url = typeof text === 'string' ? parse(text) : undefined
  if (typeof text === 'string' && url === undefined) return undefined
  if (url === undefined && read(adapter, 'provider') !== 'postgres') return undefined
  // Its parameters go before the other parts of a connection string, and that before options, as they do in pg; those of
  // the environment come last.
  const parameter = (name: string) => url?.searchParams.getAll(name).at(-1)
  const part = (ofUrl: string | null | undefined, option: string, variable: string, fallback: string) =>
    ofUrl || textOf(read(config, option)) || process.env[variable] || fallback
  const user = part(
    parameter('user') || (url && decodeURIComponent(url.username)),
    'user',
    'PGUSER',
    userInfo().username,
  )
  const host = part(parameter('host') || url?.hostname, 'host', 'PGHOST', 'localhost')
  const port = part(parameter('port') || url?.port, 'port', 'PGPORT', '5432')
  const database = part(url && decodeURIComponent(url.pathname.slice(1)), 'database', 'PGDATABASE', user)
  const options = part(parameter('options'), 'options', 'PGOPTIONS', '')
  return { name: `${host}:${port}/${database}`, view: [user, options, read(read(adapter, 'options'), 'schema')] }
}

/** Of an adapter that shows the URL or path of its file. */
function fileOf(adapter: unknown): Database | undefined {
  const url = read(read(adapter, 'config'), 'url')
  if (typeof url !== 'string' || !url.startsWith('file:')) return undefined
  // Each connection has its own where nothing is on disk.
  if (url.includes(':memory:') || url.includes('mode=memory')) return undefined
  const path = url.startsWith('file://') ? fileURLToPath(url) : resolve(url.slice('file:'.length))
  return { name: path, view: [] }
}

/** Of a client that reaches its database by Prisma's own service: the URL holds a secret, so only its digest is shown. */
function proxyOf(engine: unknown): Database | undefined {
  const url = read(engine, 'accelerateUrl')
  return typeof url === 'string' ? { name: digest(url), view: [] } : undefined
}

/** `undefined` for what names a database in some other way. */
function parse(text: string): URL | undefined {
  try {
    const url = new URL(text)
    return url.protocol === 'socket:' ? undefined : url
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

/**
 * What decides, besides its arguments, how the result of a read looks: models, fields that are left out or computed, the
 * version of Prisma. Unlike that of any other client where the client does not show these.
 */
export function shapeOf(client: unknown, { view }: Database, dataModel: DataModel | undefined): string {
  try {
    if (dataModel === undefined || !('_globalOmit' in (client as object))) return randomUUID()
    const { _runtimeDataModel, _globalOmit, _clientVersion, _extensions } = client as any
    const computed = [...dataModel.keys()].map((name) => needsOf(_extensions.getAllComputedFields(name)))
    return digest(JSON.stringify([_clientVersion, view, _runtimeDataModel, _globalOmit ?? null, computed]))
  } catch {
    return randomUUID()
  }
}

/** The fields that computed ones are made of, which are fetched with them. */
function needsOf(computed: Record<string, { needs: string[] }> = {}): unknown {
  return Object.entries(computed).map(([name, { needs }]) => [name, needs])
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
