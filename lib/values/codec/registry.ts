import { checkFunction, checkObject, checkString, outOfRange } from '../../arguments.ts'

/**
 * How instances of a class are stored.
 *
 * @typeParam T What is stored.
 * @typeParam Data What it is stored as: anything that can be stored itself, such as a string or a plain object.
 */
export interface ValueCodec<T = any, Data = any> {
  /** Whether a value is one for this codec. Asked of every object that is neither plain nor an array. */
  is(value: unknown): boolean
  /** What to store. Where it throws, the value is not stored. */
  encode(value: T): Data
  /** The value again, from what `encode` gave. Where it throws, there is nothing stored. */
  decode(data: Data): T
}

export interface Codec extends ValueCodec {
  readonly name: string
}

/** By name, in the order in which they are asked. */
const codecs = new Map<string, Codec>()

const LONGEST_NAME = 255

/**
 * Makes values of a class storable: caches with a store write them to disk, and `isolation` copies them. Nothing is
 * registered by default.
 *
 * The name stands with each value in the store, so every program that reads it registers the class under the same name;
 * where one has not, it finds nothing stored. A name registered again replaces the codec. Codecs are asked in the order in
 * which their names were first registered, and before values are taken for what the language makes of them: a codec can
 * claim the subclasses of `Error`, or every `Date`.
 *
 * @throws TypeError where the name is no string, or one of the three functions is none.
 * @throws RangeError where the name is empty or longer than 255 characters.
 * @example
 * registerCodec('Decimal', {
 *   is: (value) => Decimal.isDecimal(value),
 *   encode: (value) => value.toString(),
 *   decode: (text) => new Decimal(text),
 * })
 */
export function registerCodec<T = any, Data = any>(name: string, codec: ValueCodec<T, Data>): void {
  checkString('name', name)
  if (name.length === 0 || name.length > LONGEST_NAME) {
    throw outOfRange('name', `a name of 1 to ${LONGEST_NAME} characters`, name)
  }
  checkObject('codec', codec)
  const { is, encode, decode } = codec
  checkFunction('codec.is', is)
  checkFunction('codec.encode', encode)
  checkFunction('codec.decode', decode)
  codecs.set(name, { name, is: is.bind(codec), encode: encode.bind(codec), decode: decode.bind(codec) })
}

/** The first codec that says a value is its own. One that throws has not said so. */
export function codecFor(value: object): Codec | undefined {
  for (const codec of codecs.values()) {
    try {
      if (codec.is(value)) return codec
    } catch {
      // Its question makes no sense for this value.
    }
  }
  return undefined
}

export function codecNamed(name: string): Codec | undefined {
  return codecs.get(name)
}
