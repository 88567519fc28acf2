// Which raw queries certainly write nothing.

import { read } from '../values/read.ts'

const SELECT = /^\s*select\b/i
/** Statements after the first, comments, text in dollars or brackets, what may follow a selection to store it. */
const MORE = /;|--|\/\*|#|\$\$|\$\w+\$|\b(?:into|insert|update|delete|merge|replace|call|exec|execute|set|nextval)\b/i
/** Text, and names that may hold anything. */
const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`/g
const CALL = /([\w$"`\].]+)\s*\(/g
/** Names before parentheses that change nothing: words of the language, and functions that every database has. */
const HARMLESS = new Set(
  (
    'select in and or not exists any all some as on from where by having when then else case over partition using values ' +
    'union except intersect between like is filter with distinct join limit offset cast count sum avg min max coalesce ' +
    'nullif abs round lower upper length trim substr substring date now'
  ).split(' '),
)

/** Whether a raw query is a selection that calls nothing which could write. */
export function isPlainSelect(operation: string, args: unknown): boolean {
  if (operation !== '$queryRaw' && operation !== '$queryRawUnsafe') return false
  const text = textOf(args)
  if (text === undefined) return false
  // Where a backslash may escape a quotation mark, nobody knows what is quoted.
  if (text.includes('\\')) return false
  const bare = text.replace(QUOTED, ([mark]) => (mark === "'" ? "''" : '"name"'))
  if (!SELECT.test(bare) || MORE.test(bare)) return false
  return [...bare.matchAll(CALL)].every(([, name = '']) => HARMLESS.has(name.toLowerCase()))
}

/** The text of the query, with a mark for each parameter. */
function textOf(args: unknown): string | undefined {
  const query = Array.isArray(args) ? args[0] : (read(args, 'strings') ?? read(args, 'sql'))
  if (typeof query === 'string') return query
  const strings = Array.isArray(query) ? query : read(query, 'strings')
  if (!Array.isArray(strings) || !strings.every((part) => typeof part === 'string')) return undefined
  return strings.join(' ? ')
}
