// What people need to see of texts that a key holds as digests only; `docs/formats.md`, "Previews of digested texts".

/** Texts beyond this have no preview. */
const MOST_TEXTS = 256
const FIRST = 60
const LAST = 20

/** The lines that the encoding which runs collects. One that a `toJSON` method begins meanwhile has lines of its own. */
let collected: Set<string> | undefined

/**
 * Runs `encode`, which makes keys, and collects the previews of the texts that they hold as digests.
 * `previews` is `null` where there are none.
 */
export function collectPreviews<T>(encode: () => T): { result: T; previews: string | null } {
  const outer = collected
  const lines = new Set<string>()
  collected = lines
  try {
    const result = encode()
    return { result, previews: lines.size === 0 ? null : [...lines].join('\n') }
  } finally {
    collected = outer
  }
}

/** Takes note of a text that was digested, if previews are being collected. */
export function noteText(text: string, digest: string): void {
  if (collected === undefined) return
  note(JSON.stringify([digest, text.length, wellFormed(text.slice(0, FIRST)), wellFormed(text.slice(-LAST))]))
}

/** Takes note of what was collected earlier, when a value was encoded that is recognised now. */
export function notePreviews(previews: string): void {
  if (collected !== undefined) previews.split('\n').forEach(note)
}

function note(line: string): void {
  if (collected !== undefined && collected.size < MOST_TEXTS) collected.add(line)
}

/** A character may have been cut in two. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd')
}
