import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Placed, ReadyTasks } from '../lib/executor/ready-tasks.ts'

/** What the queue has to do, in the plainest way. */
class Model {
  #tasks: Placed[] = []

  add(placed: Placed): void {
    this.#tasks.push(placed)
  }

  take(): Placed | undefined {
    this.#tasks.sort((one, other) =>
      one.priority === other.priority ? one.index - other.index : other.priority > one.priority ? 1 : -1,
    )
    return this.#tasks.shift()
  }
}

test('the highest priority comes first, equal ones in order, however adding and taking alternate', () => {
  const priority = fc.constantFrom(-1, 0, 1, 2, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)
  fc.assert(
    fc.property(fc.array(fc.option(priority), { maxLength: 200 }), (moves) => {
      const [ready, model] = [new ReadyTasks(), new Model()]
      for (const [index, priority] of [...moves, ...moves.map(() => null)].entries()) {
        if (priority === null) {
          expect(ready.take()).toBe(model.take())
        } else {
          const placed = { index, priority }
          ready.add(placed)
          model.add(placed)
        }
      }
    }),
  )
})

test('a task is compared with few others, however many are ready', () => {
  let compared = 0
  const ready = new ReadyTasks()
  const placed = (index: number): Placed => ({
    index,
    get priority() {
      compared++
      return index
    },
  })
  const count = 2 ** 12
  for (let index = 0; index < count; index++) ready.add(placed(index))
  for (let index = count - 1; index >= 0; index--) expect(ready.take()?.index).toBe(index)
  // Three levels' worth of slack for each of the two reads that a comparison makes: linear would be 1,000 times as much.
  expect(compared / count).toBeLessThan(4 * 12 * 3)
})
