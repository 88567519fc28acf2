// An estimate of the bytes a JavaScript value holds, in V8's terms on a 64-bit machine.
//
// Close enough to bound memory by, not a heap profile: what a value shares with another counts once inside one call and
// again in the next. Each number, boolean, null and undefined lives in the field that holds it.

const FIELD = 8
const STRING_HEADER = 16
const OBJECT_HEADER = 24
const ARRAY_HEADER = 32
const COLLECTION_HEADER = 64
/** A hash table keeps key, value and chain, at a load factor of about one half. */
const COLLECTION_ENTRY = 40
const OPAQUE = 64

// biome-ignore lint/suspicious/noControlCharactersInRegex: Latin-1 begins with them
const TWO_BYTE_CHARACTER = /[^\u0000-\u00ff]/

/** Bytes of a string: one for each character where all are Latin-1, else two. */
export function sizeOfString(text: string): number {
  return STRING_HEADER + (TWO_BYTE_CHARACTER.test(text) ? 2 * text.length : text.length)
}

/** Bytes of a value with all it refers to. Never throws, and a value that refers to itself is counted once. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return sizeOfString(value)
  if (typeof value !== 'object' || value === null) return sizeOfLeaf(value)
  const seen = new Set<object>([value])
  const pending: object[] = [value]
  let bytes = 0
  const add = (child: unknown) => {
    if (typeof child !== 'object' || child === null) {
      bytes += typeof child === 'number' ? 0 : sizeOfLeaf(child)
    } else if (!seen.has(child)) {
      seen.add(child)
      pending.push(child)
    }
  }
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    bytes += sizeOfShell(next)
    addChildren(next, add)
  }
  return bytes
}

function sizeOfLeaf(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return sizeOfString(value)
    case 'number':
      return FIELD
    case 'bigint':
      return OBJECT_HEADER
    case 'function':
      return OPAQUE
    default:
      return 0
  }
}

function sizeOfShell(value: object): number {
  if (Array.isArray(value)) return ARRAY_HEADER + FIELD * value.length
  if (value instanceof Map || value instanceof Set) return COLLECTION_HEADER + COLLECTION_ENTRY * value.size
  if (ArrayBuffer.isView(value)) return OPAQUE
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return OPAQUE + value.byteLength
  return OBJECT_HEADER + FIELD * propertyNames(value).length
}

function propertyNames(value: object): string[] {
  try {
    return Object.keys(value)
  } catch {
    return [] // A proxy may refuse to name its properties.
  }
}

function addChildren(value: object, add: (child: unknown) => void): void {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) add(value[index])
  } else if (ArrayBuffer.isView(value)) {
    add(value.buffer)
  } else if (value instanceof Map) {
    for (const [key, item] of value) {
      add(key)
      add(item)
    }
  } else if (value instanceof Set) {
    for (const item of value) add(item)
  } else {
    addProperties(value, add)
  }
}

function addProperties(value: object, add: (child: unknown) => void): void {
  for (const name of propertyNames(value)) {
    try {
      add((value as Record<string, unknown>)[name])
    } catch {
      // A getter may throw; what it would have given is not held here.
    }
  }
}
