export type JsonSchema = Record<string, any>

/** What the value is made of: the texts in it are `text`, the numbers `number`, as far as the schema allows. */
interface Content {
  text: string
  number: number
}

const FORMATS: Record<string, string> = {
  date: '2025-01-01',
  'date-time': '2025-01-01T00:00:00Z',
  time: '00:00:00Z',
  email: 'someone@example.com',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
}

/** The smallest value of a JSON schema: what is required and nothing else. */
export function valueFor(schema: JsonSchema, content: Content, root = schema): unknown {
  if (typeof schema.$ref === 'string') return valueFor(referred(root, schema.$ref), content, root)
  if ('const' in schema) return schema.const
  if (Array.isArray(schema.enum)) return schema.enum[0]
  const [choice] = schema.anyOf ?? schema.oneOf ?? []
  if (choice) return valueFor(choice, content, root)
  if (schema.allOf) return valueFor(Object.assign({}, schema, { allOf: undefined }, ...schema.allOf), content, root)
  switch (typeOf(schema)) {
    case 'object':
      return objectFor(schema, content, root)
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => valueFor(schema.items ?? {}, content, root))
    case 'integer':
      return Math.round(numberFor(schema, content.number))
    case 'number':
      return numberFor(schema, content.number)
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return FORMATS[schema.format] ?? content.text.padEnd(schema.minLength ?? 0, '.').slice(0, schema.maxLength)
  }
}

function objectFor(schema: JsonSchema, content: Content, root: JsonSchema): unknown {
  const names: string[] = schema.required ?? []
  return Object.fromEntries(names.map((name) => [name, valueFor(schema.properties?.[name] ?? {}, content, root)]))
}

function typeOf({ type, properties }: JsonSchema): unknown {
  if (Array.isArray(type)) return type.find((name) => name !== 'null') ?? 'null'
  return type ?? (properties ? 'object' : 'string')
}

function numberFor({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema, number: number): number {
  const least = minimum ?? (exclusiveMinimum === undefined ? Number.NEGATIVE_INFINITY : exclusiveMinimum + 1)
  const most = maximum ?? (exclusiveMaximum === undefined ? Number.POSITIVE_INFINITY : exclusiveMaximum - 1)
  return Math.min(Math.max(number, least), most)
}

function referred(root: JsonSchema, reference: string): JsonSchema {
  const steps = reference.split('/').slice(1)
  return steps.reduce((place: JsonSchema | undefined, step) => place?.[step], root) ?? {}
}
