// What an object is, told by what it is made of rather than by identity: objects of another realm, such as the vm context
// of a test runner, have other prototypes than ours.

/** Whether the prototype is the `Object.prototype` of another realm. */
export function isPlainElsewhere(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty')
}

/** The name of the `constructor` that an object inherits; empty where there is none. */
export function className(value: object): string {
  const maker: unknown = Object.getPrototypeOf(value)?.constructor
  return typeof maker === 'function' && typeof maker.name === 'string' ? maker.name : ''
}

/** Whether the name of a property is that of an array's element. */
export function isIndex(key: string): boolean {
  const index = Number(key) >>> 0
  return String(index) === key && index !== 0xffff_ffff
}
