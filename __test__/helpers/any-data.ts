import fc from 'fast-check'

/** Texts of any UTF-16 code units, lone surrogates included. */
export const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) })

const anyLeaf = fc.oneof(
  ...[anyText, fc.string(), fc.double(), fc.integer(), fc.bigInt(), fc.boolean(), fc.date({ noInvalidDate: true })],
  ...[fc.constantFrom(null, undefined, 0, -0, Number.NaN, 2 ** 31, -(2 ** 31), 2 ** 53, /a+/gi)],
  ...[fc.uint8Array().map((bytes) => Buffer.from(bytes)), fc.uint8Array().map((bytes) => bytes.buffer)],
  ...[fc.string().map((text) => new RangeError(text, { cause: [text] })), fc.array(fc.double())],
)

/** Data of every kind that can be stored, nested. */
export const anyStorable = fc.anything({
  key: fc.oneof(anyText, fc.constantFrom('__proto__', 'constructor', 'toString', '0', '10', '9', '4294967295')),
  values: [anyLeaf],
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withBoxedValues: true,
  maxDepth: 4,
})
