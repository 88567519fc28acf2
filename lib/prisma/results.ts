// Results of which every caller gets his own: Prisma adds computed fields to them in place, and users change them too.

import { types } from 'node:util'
import { loadBehindPeer, loadPeer } from '../peer.ts'
import { registerCodec } from '../values/codec/registry.ts'
import { isDecimal } from './key.ts'
import { isPlain } from './plain.ts'

/** A class `Decimal` of Prisma's. There is one of `import` and one of `require`, and bundlers make more. */
export type DecimalClass = new (text: string) => object

interface Utilities {
  Decimal: DecimalClass
  PrismaClientValidationError: new (...args: any[]) => Error
}

/** Loaded when first needed, so that a subpath without its peer can say so. */
let packageOfClient: { loaded: Utilities; path: string } | undefined

function required() {
  packageOfClient ??= loadBehindPeer<Utilities>('@prisma/client/runtime/client', '@prisma/client-runtime-utils')
  return packageOfClient
}

/** Those of the clients in use, whose instances are stored. */
const classes = new Set<unknown>()

registerCodec<object, string>('prisma.Decimal', {
  is: (value) => classes.has((value as object).constructor),
  encode: (decimal) => String(decimal.valueOf()),
  decode: (text) => {
    const { Decimal } = required().loaded
    classes.add(Decimal)
    return new Decimal(text)
  },
})

/** Makes the results of one client, whose decimals are of its own class. */
export class Results {
  #class: DecimalClass | undefined

  constructor(client: unknown) {
    this.#class = decimalClassOf(client)
    if (this.#class !== undefined) classes.add(this.#class)
  }

  /** Looks at what Prisma gave, before it is stored: where the client did not tell its class, a decimal does. */
  meet(value: unknown): void {
    if (this.#class !== undefined) return
    const decimal = findDecimal(value)
    if (decimal === undefined) return
    this.#class = decimal.constructor as DecimalClass
    classes.add(this.#class)
  }

  /** The same result anew. */
  renew(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map((element) => this.renew(element))
    if (isPlain(value)) {
      const copy = { ...value }
      for (const name of Object.keys(copy)) {
        const child = copy[name]
        if (typeof child === 'object' && child !== null) copy[name] = this.renew(child)
      }
      return copy
    }
    if (types.isDate(value)) return new Date(value.getTime())
    if (types.isUint8Array(value)) return Uint8Array.prototype.slice.call(value)
    if (this.#class === undefined || value.constructor === this.#class || !isDecimal(value)) return value
    return new this.#class(String(value.valueOf()))
  }
}

/** The class that goes with the runtime of a client, which an error of it gives away. */
function decimalClassOf(client: unknown): DecimalClass | undefined {
  try {
    // Refused at once wherever it is not for MongoDB, and otherwise not sent before somebody waits for it.
    ;(client as { $runCommandRaw(command: object): unknown }).$runCommandRaw({})
  } catch (failure) {
    for (const load of [() => required().loaded, loadImported]) {
      const utilities = load()
      if (utilities !== undefined && failure instanceof utilities.PrismaClientValidationError) return utilities.Decimal
    }
  }
  return undefined
}

/** The same package as a program that imports it has it. */
function loadImported(): Utilities | undefined {
  try {
    return loadPeer<Utilities>(required().path.replace(/\.js$/, '.mjs'))
  } catch {
    return undefined
  }
}

function findDecimal(value: unknown): object | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (!Array.isArray(value) && !isPlain(value)) return isDecimal(value) ? value : undefined
  for (const child of Object.values(value)) {
    const found = findDecimal(child)
    if (found !== undefined) return found
  }
  return undefined
}
