// What `QueryCache.invalidate` matches with.

import { types } from 'node:util'
import { wrongType } from '../arguments.ts'

/** @throws TypeError where `pattern` is neither a string nor a regular expression. */
export function matcherOf(pattern: unknown): (text: string) => boolean {
  if (types.isRegExp(pattern)) {
    const expression = anywhere(pattern.source, pattern.flags)
    return (text) => expression.test(text)
  }
  if (typeof pattern !== 'string') throw wrongType('pattern', 'a RegExp or a string', pattern)
  const expression = parse(pattern)
  return (text) => text.includes(pattern) || (expression?.test(text) ?? false)
}

/** An expression of our own, so that `lastIndex` is neither heeded nor moved. */
function anywhere(source: string, flags: string): RegExp {
  return new RegExp(source, flags.replace(/[gy]/g, ''))
}

function parse(source: string): RegExp | undefined {
  try {
    return anywhere(source, '')
  } catch {
    return undefined
  }
}

/** Parameters as JSON, with a bigint as the string of its digits. Empty where there are none, or JSON cannot say them. */
export function parametersAsJson(params: unknown): string {
  if (params === undefined) return ''
  try {
    return JSON.stringify(params) ?? ''
  } catch {
    return parametersWithBigints(params)
  }
}

function parametersWithBigints(params: unknown): string {
  try {
    return JSON.stringify(params, (_, value) => (typeof value === 'bigint' ? String(value) : value)) ?? ''
  } catch {
    return ''
  }
}
