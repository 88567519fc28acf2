import { encodeKey } from './encode.ts'
import { collectPreviews, notePreviews } from './previews.ts'
import { isUnchanged, type Snapshot, takeSnapshot } from './snapshot.ts'

/** How many distinct values are remembered. */
const REMEMBERED = 4

interface Recognized {
  readonly snapshot: Snapshot
  readonly key: string
  readonly previews: string | null
}

/**
 * Encodes values of which the same few come again and again, such as the configuration of a model.
 *
 * The result is always that of `encodeKey`. A value that equals one of the last few, be it the same object or another,
 * is not encoded again but compared with what it was, property by property at every depth, so that no change is missed.
 * For such a value the result is also the same string object each time, whose hash a `Map` has computed already.
 *
 * No object of the caller is kept alive: what is remembered are names and primitive values, and of those not many.
 */
export class KeyRecognizer {
  /** The last one recognised first. */
  readonly #recent: Recognized[] = []

  /** The key of `value`; `name` is the argument's name, for errors. Throws as `encodeKey` does. */
  encode(value: unknown, name: string): string {
    if (typeof value !== 'object' || value === null) return encodeKey(value, name)
    const recent = this.#recent
    for (let index = 0; index < recent.length; index++) {
      const recognized = recent[index] as Recognized
      if (isUnchanged(value, recognized.snapshot)) {
        if (index > 0) moveToFront(recent, index)
        if (recognized.previews !== null) notePreviews(recognized.previews)
        return recognized.key
      }
    }
    const snapshot = takeSnapshot(value)
    if (snapshot === undefined) return encodeKey(value, name)
    const { result: key, previews } = collectPreviews(() => encodeKey(value, name))
    if (previews !== null) notePreviews(previews)
    return this.#remember(snapshot, key, previews)
  }

  #remember(snapshot: Snapshot, encoded: string, previews: string | null): string {
    const recent = this.#recent
    // Values that differ in the order of their properties only share one string too.
    const key = recent.find((recognized) => recognized.key === encoded)?.key ?? internalized(encoded)
    recent.unshift({ snapshot, key, previews })
    if (recent.length > REMEMBERED) recent.pop()
    return key
  }
}

function moveToFront(recent: Recognized[], index: number): void {
  const [recognized] = recent.splice(index, 1)
  recent.unshift(recognized as Recognized)
}

/** The one copy that the engine keeps of a property name: flat, hashed, and compared by its address. */
function internalized(text: string): string {
  return Object.keys({ [text]: 0 })[0] as string
}
