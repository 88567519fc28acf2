import { types } from 'node:util'
import { digestBytes } from '../native.ts'

/** Content of more bytes than this is digested. */
const LONGEST_INLINE = 256

/** The name of the intrinsic constructor, also for subclasses: a Buffer is a `Uint8Array`. */
const typedArrayKind = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as () => string

/** A typed array or DataView: its kind, length and the bytes it shows of its buffer. */
export function encodeView(view: ArrayBufferView): string {
  const kind = types.isDataView(view) ? 'DataView' : typedArrayKind.call(view)
  return encodeBytes(kind, new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
}

/** An ArrayBuffer, shared between threads or not. */
export function encodeBuffer(buffer: ArrayBufferLike): string {
  return encodeBytes('ArrayBuffer', new Uint8Array(buffer))
}

function encodeBytes(kind: string, bytes: Uint8Array): string {
  const { length } = bytes
  if (length <= LONGEST_INLINE) {
    return `b${kind}:${length}:${Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('hex')}`
  }
  // Memory that another thread may be writing to is copied before native code reads it.
  const stable = types.isSharedArrayBuffer(bytes.buffer) ? bytes.slice() : bytes
  return `B${kind}:${length}:${digestBytes(stable)}`
}
