import { registerCodec as registerPublicly } from '@aah/ai-evals-performance'
import Decimal from 'decimal.js'
import { afterEach, describe, expect, test } from 'vitest'
import { decodeValue } from '../lib/values/codec/decode.ts'
import { registerCodec } from '../lib/values/codec/registry.ts'
import { encoded, refusal, roundTrip } from './helpers/codec.ts'

class Money {
  cents: number
  constructor(cents = 1) {
    this.cents = cents
  }
}

describe('registerCodec', () => {
  const decimal = {
    is: (value: unknown) => Decimal.isDecimal(value),
    encode: (value: Decimal) => value.toString(),
    decode: (text: string) => new Decimal(text),
  }
  const nothing = { is: () => false, encode: () => 0, decode: () => 0 }
  afterEach(() => {
    for (const name of ['Decimal', 'Money', 'HttpError', 'Faulty']) registerCodec(name, nothing)
  })

  test("Prisma's Decimal comes back as one", () => {
    expect(refusal({ price: new Decimal('1.10') })).toEqual(['class Decimal', 'price'])
    registerCodec('Decimal', decimal)
    const price = new Decimal('0.1000000000000000000000000001')
    const read = roundTrip({ rows: [{ price, again: price }] })
    expect(Decimal.isDecimal(read.rows[0].price) && read.rows[0].price.equals(price)).toBe(true)
    expect(read.rows[0].again).toBe(read.rows[0].price)
  })

  test('a codec can give anything storable, and claim what would be stored otherwise', () => {
    class HttpError extends Error {
      readonly headers: Map<string, string>
      constructor(message: string, headers: Map<string, string>) {
        super(message)
        this.headers = headers
      }
    }
    registerCodec('HttpError', {
      is: (value) => value instanceof HttpError,
      encode: ({ message, headers }) => ({ message, headers }),
      decode: ({ message, headers }) => new HttpError(message, headers),
    })
    const read = roundTrip([new HttpError('no', new Map([['retry-after', '1']]))])[0]
    expect(read).toBeInstanceOf(HttpError)
    expect([read.message, read.headers]).toEqual(['no', new Map([['retry-after', '1']])])
  })

  test('a name registered again replaces the codec; one that is not known is a miss', () => {
    const money = (version: number) => ({
      is: (value: unknown) => value instanceof Money,
      encode: ({ cents }: Money) => [version, cents],
      decode: ([written, cents]: number[]) => new Money(written! * 1_000 + version * 100 + cents!),
    })
    registerCodec('Money', money(1))
    const { value } = encoded(new Money(7))
    registerCodec('Money', money(2))
    expect(decodeValue(2, value)).toEqual({ value: new Money(1_207) })
    const unknown = Buffer.from(Buffer.from(value).toString('latin1').replace('Money', 'Mozey'), 'latin1')
    expect(decodeValue(2, unknown)).toBeUndefined()
  })

  test('a codec that fails stores nothing and reads nothing', () => {
    const fail = (): never => {
      throw new Error('mine')
    }
    const is = (value: unknown) => value instanceof Money
    registerCodec('Faulty', { is, encode: fail, decode: fail })
    expect(refusal([new Money()])).toEqual(['codec Faulty that throws', '[0].encode(Faulty)'])
    registerCodec('Faulty', { is, encode: ({ cents }) => cents, decode: fail })
    expect(decodeValue(2, encoded(new Money()).value)).toBeUndefined()
    registerCodec('Faulty', { is, encode: (value) => ({ value }), decode: fail })
    expect(refusal(new Money())).toEqual(['codec whose data refers to the value', 'encode(Faulty).value'])
    registerCodec('Faulty', { is: fail, encode: fail, decode: fail })
    expect(refusal([new Money()])).toEqual(['class Money', '[0]'])
  })

  test('its arguments are checked before anything is changed', () => {
    registerCodec('Decimal', decimal)
    const wrong: [unknown, unknown, string][] = [
      [7, decimal, 'Expected `name` to be a string, got `7`'],
      ['', decimal, 'Expected `name` to be a name of 1 to 255 characters, got `""`'],
      ['Decimal', null, 'Expected `codec` to be an object, got `null`'],
      ['Decimal', { ...decimal, is: 1 }, 'Expected `codec.is` to be a function, got `1`'],
      ['Decimal', { ...decimal, encode: 1 }, 'Expected `codec.encode` to be a function, got `1`'],
      ['Decimal', { ...decimal, decode: undefined }, 'Expected `codec.decode` to be a function, got `undefined`'],
    ]
    for (const [name, codec, message] of wrong) {
      for (const register of [registerCodec, registerPublicly]) {
        expect(() => register(name as string, codec as any)).toThrow(message)
      }
    }
    expect(Decimal.isDecimal(roundTrip([new Decimal(1)])[0])).toBe(true)
  })
})
