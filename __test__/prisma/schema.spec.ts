// What is read of a schema, of an adapter and of raw SQL: where these are unusual.

import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaPg } from '@prisma/adapter-pg'
import { Pool } from 'pg'
import { describe, expect, test } from 'vitest'
import { readDataModel } from '../../lib/prisma/data-model.ts'
import { databaseOf } from '../../lib/prisma/database.ts'
import { isPlainSelect } from '../../lib/prisma/raw.ts'
import { tablesRead, tablesWritten } from '../../lib/prisma/tables.ts'

const SCHEMA = `
/// A comment with a brace } and model Fake {
model User {
  id    Int    @id
  email String @unique @default("{ model Post { // not a comment")
  posts Post[]
  notes Note[] @relation("author") // Note[] @relation(fields: [id], references: [id])
  liked Post[] @relation("likes")

  @@map("people")
}

model Post {
  tenant Int
  id     Int
  owner  User @relation(
    fields: [ownerId],
    references: [id]
  )
  ownerId Int
  likedBy User[] @relation("likes")
  notes   Note[]
  meta    Json @default("{}")

  @@id([tenant, id])
  @@schema("blog")
}

model Note {
  tenant Int
  postId Int
  post   Post    @relation(fields: [tenant, postId], references: [tenant, id])
  author User?   @relation("author", fields: [email], references: [email])
  email  String?
  tags   Tag[]

  @@id([tenant, postId])
}

model Tag {
  id     Int  @id
  tenant Int
  postId Int
  note   Note @relation(fields: [tenant, postId], references: [tenant, postId])
}

view Activity {
  id Int @unique
}
`

const scalar = (name: string) => ({ name, kind: 'scalar', type: 'Int' })
const relation = (name: string, type: string, relationName: string) => ({ name, kind: 'object', type, relationName })

function client(schema = SCHEMA, change: (models: any) => void = () => {}) {
  const models = {
    User: {
      dbName: 'people',
      fields: [
        scalar('id'),
        relation('posts', 'Post', 'p'),
        relation('notes', 'Note', 'a'),
        relation('liked', 'Post', 'l'),
      ],
    },
    Post: {
      dbName: null,
      schema: 'blog',
      fields: [relation('owner', 'User', 'p'), relation('likedBy', 'User', 'l'), relation('notes', 'Note', 'n')],
    },
    Note: {
      fields: [relation('post', 'Post', 'n'), relation('author', 'User', 'a'), relation('tags', 'Tag', 't')],
    },
    Tag: { fields: [scalar('id'), relation('note', 'Note', 't')] },
    Activity: { fields: [scalar('id')] },
  }
  change(models)
  return { _runtimeDataModel: { models }, _engineConfig: { inlineSchema: schema } }
}

const model = readDataModel(client())
const written = (...args: [string, string, Record<string, unknown>]) => {
  const tables = tablesWritten(model, ...args)
  return tables === 'all' ? tables : [...tables].sort()
}
const EVERYTHING = ['Note', 'Tag', 'blog.Post', 'people']

describe('a schema', () => {
  test('says who refers to whom, whatever is in its strings and comments', () => {
    const dependents = (name: string) => [...model!.get(name)!.dependents].map(({ table }) => table).sort()
    expect(dependents('User')).toEqual(EVERYTHING)
    expect(dependents('Post')).toEqual(['Note', 'Tag', 'blog.Post'])
    expect(dependents('Note')).toEqual(['Note', 'Tag'])
    expect(dependents('Tag')).toEqual(['Tag'])
    expect([...model!.get('User')!.referenced].sort()).toEqual(['email', 'id'])
  })

  test('a change of a key changes those who refer to it, any other change nobody', () => {
    expect(written('User', 'update', { data: { email: 'x' } })).toEqual(EVERYTHING)
    expect(written('User', 'update', { data: { name: 'x' } })).toEqual(['people'])
    expect(written('User', 'create', { data: { email: 'x' } })).toEqual(['people'])
    expect(written('User', 'upsert', { create: { email: 'x' }, update: { name: 'x' } })).toEqual(['people'])
    expect(written('User', 'upsert', { create: { name: 'x' }, update: { id: 2 } })).toEqual(EVERYTHING)
    expect(written('Tag', 'delete', {})).toEqual(['Tag'])
    expect(written('Note', 'deleteMany', {})).toEqual(['Note', 'Tag'])
  })

  test('a row whose key is its link moves with it', () => {
    expect(written('Note', 'update', { data: { post: { connect: {} } } })).toEqual(['Note', 'Tag', 'blog.Post'])
    expect(written('Post', 'update', { data: { notes: { set: [] } } })).toEqual(['Note', 'Tag', 'blog.Post'])
    expect(written('Post', 'update', { data: { owner: { connect: { id: 1 } } } })).toEqual(['blog.Post', 'people'])
    expect(written('User', 'update', { data: { liked: { connect: { id: 1 } } } })).toEqual(['blog.Post', 'people'])
    expect(written('User', 'update', { data: { liked: { delete: {} } } })).toEqual(EVERYTHING)
  })

  test('what is not known may change anything', () => {
    expect(written('User', 'somethingNew', {})).toBe('all')
    expect(written('Nobody', 'create', {})).toBe('all')
    expect(written('Activity', 'create', {})).toBe('all')
    expect(tablesWritten(undefined, 'User', 'create', {})).toBe('all')
    expect([...tablesRead(undefined, 'User', {})]).toEqual(['*'])
    expect([...tablesRead(model, 'Activity', {})]).toEqual(['*'])
  })

  test('a read depends on what its arguments name, wherever they do', () => {
    const read = (...args: [string, unknown]) => [...tablesRead(model, ...args)].sort()
    expect(read('User', undefined)).toEqual(['people'])
    expect(read('User', { where: { OR: [{ posts: { some: { notes: { none: {} } } } }] } })).toEqual([
      ...['Note', 'blog.Post', 'people'],
    ])
    expect(read('Tag', { orderBy: [{ note: { post: { owner: { email: 'asc' } } } }] })).toEqual(EVERYTHING)
    expect(read('User', { select: { _count: { select: { liked: true } } } })).toEqual(['blog.Post', 'people'])
    expect(read('User', { include: { _count: true } })).toEqual(['Note', 'blog.Post', 'people'])
    expect(read('User', { _count: true })).toEqual(['people'])
  })

  test('is none where it is not as expected', () => {
    expect(readDataModel({})).toBeUndefined()
    expect(readDataModel(client(''))).toBeUndefined()
    expect(readDataModel(client(SCHEMA.replaceAll('references', 'refs')))).toBeUndefined()
    expect(readDataModel(client(SCHEMA.replace('liked Post[]', 'liked Post[] // ')))).toBeDefined()
    expect(readDataModel(client(SCHEMA.replace('liked Post[]', 'other Post[]')))).toBeUndefined()
    expect(readDataModel(client(SCHEMA, (models) => Object.assign(models.User, { fields: {} })))).toBeUndefined()
    expect(readDataModel(client(SCHEMA, (models) => delete models.Post))).toBeUndefined()
  })
})

describe('a database', () => {
  const named = (adapter: unknown, name?: string) => databaseOf({ _engineConfig: { adapter } }, name)

  test('has the name that its adapter tells, however it was told, and never a password', () => {
    const url = 'postgresql://me:secret@db.example:6432/evals'
    const options = { host: 'db.example', port: 6432, database: 'evals', user: 'me', password: 'secret' }
    const pool = new Pool(options)
    const [first, ...others] = [url, { connectionString: url }, options, pool].map((config: any) =>
      named(new PrismaPg(config)),
    )
    expect(first).toEqual({ name: 'db.example%3A6432%2Fevals', view: ['me', '', undefined] })
    for (const other of others) expect(other).toEqual(first)
    expect(named(new PrismaPg({ host: 'db.example', user: 'you', database: 'evals' })).name).not.toBe(first?.name)
    expect(named(new PrismaPg(url, { schema: 'two' })).view).toEqual(['me', '', 'two'])
  })

  test('is told from others by what pg reads from the parameters of a URL', () => {
    const of = (url: string) => named(new PrismaPg(url))
    const plain = of('postgresql://me@db.example:6432/evals')
    expect(of('postgresql://db.example/evals?user=me&port=6432')).toEqual(plain)
    expect(of('postgresql://you@elsewhere:1/evals?user=me&port=6432&host=db.example')).toEqual(plain)
    expect(of('socket:/tmp/?db=one').name).not.toBe(of('socket:/tmp/?db=two').name)
  })

  test('has a name of its own where nothing tells it, unless it is given one', () => {
    const adapter = new PrismaLibSql({ url: ':memory:' })
    expect(named(adapter).name).toBe(named(adapter).name)
    expect(named(adapter).name).not.toBe(named(new PrismaLibSql({ url: ':memory:' })).name)
    expect(named(adapter, 'my evals | 1').name).toBe('my%20evals%20%7C%201')
    const memory = { config: { url: 'file::memory:' } }
    expect(named(memory).name).not.toBe(named({ config: { url: 'file::memory:' } }).name)
    const file = () => named({ config: { url: 'file:./test.db' } }).name
    expect(decodeURIComponent(file())).toBe(`${process.cwd()}/test.db`)
    expect(named({ config: { connectionString: 'not a URL' } }).name).toMatch(/^unnamed-/)
    expect(databaseOf({}, undefined).name).toMatch(/^unnamed-/)
  })
})

test.each([
  ['SELECT 1', true],
  ['  select * from "User" where "name" = \'insert; delete\'', true],
  ['SELECT count(*), coalesce(max(x), 1) FROM t WHERE a IN (SELECT b FROM u) ORDER BY 1 LIMIT 2', true],
  ['SELECT "updatedAt" FROM t', true],
  ['INSERT INTO t VALUES (1)', false],
  ['SELECT 1; DELETE FROM t', false],
  ['SELECT * INTO u FROM t', false],
  ["SELECT nextval('s')", false],
  ['SELECT "nextval"(\'s\')', false],
  ['SELECT my_function ( 1 )', false],
  ['SELECT schema.count(1)', false],
  ['WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x', false],
  ['SELECT 1 /* x */', false],
  ["SELECT E'\\'; DELETE FROM t; --'", false],
  ["SELECT E'\\'', nextval('s')", false],
  ["SELECT \"it's\", nextval('s')", false],
  ['SELECT "update" FROM "t;"', true],
  ['SELECT $$ x $$', false],
  ['SELECT * FROM t FOR UPDATE', false],
])('raw: %s changes nothing: %s', (sql, isHarmless) => {
  expect(isPlainSelect('$queryRawUnsafe', [sql])).toBe(isHarmless)
  expect(isPlainSelect('$queryRaw', [[sql, ''], 1])).toBe(isHarmless)
  expect(isPlainSelect('$executeRawUnsafe', [sql])).toBe(false)
  expect(isPlainSelect('$queryRawTyped', { sql })).toBe(false)
})
