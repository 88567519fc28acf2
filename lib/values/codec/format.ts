// The first byte of each encoded value, as docs/formats.md specifies under "Values".

export const Tag = {
  Undefined: 0x75, // u
  Null: 0x6e, // n
  True: 0x74, // t
  False: 0x66, // f
  Integer: 0x69, // i
  Double: 0x64, // d
  BigInt: 0x67, // g
  NegativeBigInt: 0x47, // G
  Text: 0x73, // s
  Hole: 0x68, // h
  Array: 0x61, // a
  SparseArray: 0x41, // A
  Singles: 0x70, // p
  Doubles: 0x50, // P
  Object: 0x6f, // o
  Map: 0x6d, // m
  Set: 0x65, // e
  Date: 0x44, // D
  RegExp: 0x52, // R
  Binary: 0x62, // b
  View: 0x76, // v
  Boxed: 0x78, // x
  Error: 0x45, // E
  Coded: 0x63, // c
  Reference: 0x72, // r
} as const

/** Kinds of binary content; the number that is stored is the index. Only ever added to. */
export const BINARY_KINDS = [
  ...['ArrayBuffer', 'Buffer', 'DataView', 'Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array'],
  ...['Int32Array', 'Uint32Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array', 'Float16Array'],
]

/** Properties that the language gives to errors, hidden from enumeration. */
export const HIDDEN_OF_ERRORS = ['name', 'message', 'stack', 'cause', 'errors']

/** The index of an Array's last element. */
export const LAST_INDEX = 0xffff_fffe
