import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { printTable } from '../lib/cli/output.ts'

describe('a table on a terminal', () => {
  const written: string[] = []
  const real = { isTTY: process.stdout.isTTY, columns: process.stdout.columns, hasColors: process.stdout.hasColors }

  beforeAll(() => {
    Object.assign(process.stdout, { isTTY: true, hasColors: () => false })
  })
  afterAll(() => {
    Object.assign(process.stdout, real)
  })
  afterEach(() => {
    vi.restoreAllMocks()
    written.length = 0
  })

  function print(width: number): string[] {
    process.stdout.columns = width
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      written.push(String(text).trimEnd())
      return true
    })
    const header = [
      { title: 'NAME', shrinksTo: 6 },
      { title: 'SIZE', align: 'right' as const },
      { title: 'USED', mayGo: true },
    ]
    printTable(header, [
      ['a name of some length', '1', 'today'],
      ['😀\u001b[31m', '12', 'now'],
    ])
    vi.restoreAllMocks()
    return written
  }

  test('is not cut where there is room', () => {
    expect(print(40)).toEqual([
      'NAME                   SIZE  USED',
      'a name of some length     1  today',
      '😀 [31m                  12  now',
    ])
  })

  test('is narrowed where there is less', () => {
    expect(print(24)).toEqual(['NAME         SIZE  USED', 'a name of…      1  today', '😀 [31m        12  now'])
  })

  test('lacks what may go where there is little', () => {
    expect(print(13)).toEqual(['NAME     SIZE', 'a name…     1', '😀 [31m    12'])
  })
})
