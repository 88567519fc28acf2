/** A property of any value at all: `undefined` where there is none, or where looking at it throws. */
export function read(value: unknown, name: PropertyKey): unknown {
  try {
    return (value as any)?.[name]
  } catch {
    return undefined
  }
}
