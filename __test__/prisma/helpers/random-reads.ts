// Reads of any model with relations of any depth, as fast-check makes them up.

import fc from 'fast-check'
import type { TestClient } from './databases.ts'

interface ModelShape {
  readonly one?: Record<string, ModelName>
  readonly many?: Record<string, ModelName>
  readonly text?: string
  readonly id?: readonly Record<string, 'asc'>[]
}

export type ModelName = keyof typeof SHAPES

const SHAPES = {
  studentProfile: {
    one: { mentor: 'studentProfile', card: 'studentCard' },
    many: {
      ...({ mentees: 'studentProfile', courses: 'course', grades: 'grade' } as const),
      ...({ performanceMetrics: 'performanceMetric' } as const),
    },
    text: 'name',
  },
  performanceMetric: { one: { profile: 'studentProfile' }, many: { remarks: 'remark' }, text: 'term' },
  remark: { one: { metric: 'performanceMetric' }, text: 'text' },
  studentCard: { one: { student: 'studentProfile' }, text: 'number' },
  course: { many: { students: 'studentProfile', grades: 'grade' }, text: 'title' },
  grade: {
    one: { profile: 'studentProfile', course: 'course' },
    id: [{ profileId: 'asc' }, { courseId: 'asc' }],
  },
  announcement: { text: 'text' },
} as const

const MODELS = Object.keys(SHAPES) as ModelName[]

export const TEXTS = ['a', 'b', 'c']

export interface Read {
  readonly model: ModelName
  readonly operation: string
  readonly args: any
}

export function ask(client: TestClient, { model, operation, args }: Read): Promise<unknown> {
  return (client as any)[model][operation](structuredClone(args))
}

export const anyRead: fc.Arbitrary<Read> = fc.constantFrom(...MODELS).chain((model) => {
  const find = fc.record({ where: where(model, 2), include: include(model, 2) }, { requiredKeys: [] })
  const count = fc.record({ where: where(model, 2) })
  return fc.oneof(
    { weight: 5, arbitrary: find.map((args) => ({ model, operation: 'findMany', args: ordered(model, args) })) },
    { weight: 2, arbitrary: find.map((args) => ({ model, operation: 'findFirst', args: ordered(model, args) })) },
    {
      weight: 1,
      arbitrary: find.map((args) => ({ model, operation: 'findFirstOrThrow', args: ordered(model, args) })),
    },
    { weight: 1, arbitrary: count.map((args) => ({ model, operation: 'count', args })) },
    { weight: 1, arbitrary: count.map((args) => ({ model, operation: 'aggregate', args: { ...args, _count: true } })) },
    { weight: 1, arbitrary: relationOrder(model).map((args) => ({ model, operation: 'findMany', args })) },
  )
})

function shapeOf(model: ModelName): ModelShape {
  return SHAPES[model]
}

function ordered(model: ModelName, args: object): object {
  const { include } = args as { include?: object }
  const order = shapeOf(model).id ?? { id: 'asc' }
  return { ...args, include: include && Object.keys(include).length > 0 ? include : undefined, orderBy: order }
}

/** An order by the number of related rows, where there are any. */
function relationOrder(model: ModelName): fc.Arbitrary<object> {
  const many = Object.keys(shapeOf(model).many ?? {})
  if (many.length === 0) return fc.constant(ordered(model, {}))
  return fc.constantFrom(...many).map((name) => ({ orderBy: [{ [name]: { _count: 'asc' } }, { id: 'asc' }] }))
}

function where(model: ModelName, depth: number): fc.Arbitrary<object> {
  const { one = {}, many = {}, text } = shapeOf(model)
  const filters: fc.Arbitrary<object>[] = [fc.constant({})]
  if (text !== undefined) filters.push(fc.constantFrom(...TEXTS).map((value) => ({ [text]: value })))
  if (depth > 0) {
    for (const [name, target] of Object.entries(one)) {
      filters.push(where(target, depth - 1).map((filter) => ({ [name]: { is: filter } })))
    }
    for (const [name, target] of Object.entries(many)) {
      const quantifier = fc.constantFrom('some', 'every', 'none')
      filters.push(
        fc.tuple(quantifier, where(target, depth - 1)).map(([kind, filter]) => ({ [name]: { [kind]: filter } })),
      )
    }
    filters.push(where(model, depth - 1).map((filter) => ({ NOT: [filter] })))
  }
  return fc.oneof(...filters)
}

function include(model: ModelName, depth: number): fc.Arbitrary<object> {
  const { one = {}, many = {} } = shapeOf(model)
  const parts: Record<string, fc.Arbitrary<unknown>> = {}
  const nested = (target: ModelName) => include(target, depth - 1).map((inner) => withoutEmpty({ include: inner }))
  if (depth > 0) {
    for (const [name, target] of Object.entries(one)) parts[name] = fc.oneof(fc.constant(true), nested(target))
    for (const [name, target] of Object.entries(many)) {
      const filtered = fc
        .tuple(where(target, 1), nested(target))
        .map(([filter, inner]) => ({ where: filter, ...inner }))
      parts[name] = fc.oneof(fc.constant(true), filtered)
    }
    const counted = Object.keys(many).map((name) => [name, fc.constant(true)])
    if (counted.length > 0)
      parts._count = fc.oneof(fc.constant(true), fc.record({ select: atLeastOne(Object.fromEntries(counted)) }))
  }
  return fc.record(parts, { requiredKeys: [] })
}

function atLeastOne(parts: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  const [first = ''] = Object.keys(parts)
  return fc.record(parts, { requiredKeys: [first] })
}

function withoutEmpty({ include: inner }: { include: object }): object {
  return Object.keys(inner).length > 0 ? { include: inner } : {}
}
