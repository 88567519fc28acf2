/** Up to this many objects are searched one by one, which for so few is quicker than a Map. */
const FEW = 8

/** Numbers the objects of one walk in the order they are met in. */
export class Met {
  readonly #few: object[] = []
  #many: Map<object, number> | undefined

  /** The number of an object that was met before; else -1, and the object has the next number. */
  meet(object: object): number {
    if (this.#many !== undefined) return this.#meetAmongMany(this.#many, object)
    const found = this.#few.indexOf(object)
    if (found === -1 && this.#few.push(object) === FEW) {
      this.#many = new Map(this.#few.map((one, index) => [one, index]))
    }
    return found
  }

  #meetAmongMany(many: Map<object, number>, object: object): number {
    const found = many.get(object)
    if (found !== undefined) return found
    many.set(object, many.size)
    return -1
  }
}
