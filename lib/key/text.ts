import { digestText } from '../native.ts'
import { noteText } from './previews.ts'

/** Longer texts are digested. */
const LONGEST_INLINE = 1_024
/** `s<length>:` for each length of a text that is not digested. */
const PREFIXES = Array.from({ length: LONGEST_INLINE + 1 }, (_, length) => `s${length}:`)

/** A text, as its UTF-16 code units: lone surrogates stay what they are. */
export function encodeText(text: string): string {
  const { length } = text
  return length <= LONGEST_INLINE ? PREFIXES[length] + text : encodeLongText(text)
}

function encodeLongText(text: string): string {
  const digest = digestText(text)
  noteText(text, digest)
  return `S${text.length}:${digest}`
}
