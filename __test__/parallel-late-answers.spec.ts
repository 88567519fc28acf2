import { type ExecutionTask, ParallelExecutor } from '@aah/ai-evals-performance'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { tasks } from './helpers/tasks.ts'

const TIMEOUT = 100
const ATTEMPTS = 3

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** When an attempt answers, counted from its start, and whether it fails then. An answer after `TIMEOUT` is late. */
const answer = fc.record({ after: fc.integer({ min: 0, max: 3 * TIMEOUT }), fails: fc.boolean() })
const answersOfTasks = fc.array(fc.array(answer, { minLength: ATTEMPTS, maxLength: ATTEMPTS }), {
  minLength: 1,
  maxLength: 30,
})

test('the late answer of an attempt that was given up reaches no other task and no other attempt', async () => {
  const property = async (answers: { after: number; fails: boolean }[][], concurrency: number, ordered: boolean) => {
    const retry = { attempts: ATTEMPTS, baseDelay: 10, maxDelay: 10 }
    const rateLimit = { requestsPerMinute: Number.POSITIVE_INFINITY }
    const executor = new ParallelExecutor({ concurrency, timeout: TIMEOUT, retry, rateLimit })
    const execute = ({ id }: ExecutionTask, { attempt }: { attempt: number }) => {
      const { after, fails } = answers[Number(id)]![attempt - 1]!
      return new Promise<any>((resolve, reject) => {
        const failure = Object.assign(new Error(`${id}/${attempt}`), { status: 503 })
        setTimeout(() => (fails ? reject(failure) : resolve({ actual: `${id}/${attempt}` })), after)
      })
    }
    const seen = new Map<string, string>()
    const consumed = (async () => {
      for await (const { task, result, error } of executor.run(tasks(answers.length), execute, { ordered })) {
        expect(seen.has(task.id)).toBe(false)
        seen.set(task.id, result?.actual ?? error?.message)
      }
    })()
    await Promise.all([consumed, vi.runAllTimersAsync()])
    for (const [index, attempts] of answers.entries()) {
      const found = attempts.findIndex(({ after, fails }) => !fails && after < TIMEOUT)
      const last = attempts[ATTEMPTS - 1]!
      const failure = last.after < TIMEOUT ? `${index}/${ATTEMPTS}` : `The attempt took longer than ${TIMEOUT} ms`
      const isTie = attempts.some(({ after }) => after === TIMEOUT)
      if (!isTie) expect(seen.get(String(index))).toBe(found === -1 ? failure : `${index}/${found + 1}`)
    }
    expect(seen.size).toBe(answers.length)
  }
  await fc.assert(fc.asyncProperty(answersOfTasks, fc.integer({ min: 1, max: 8 }), fc.boolean(), property))
}, 60_000)

test.each([true, false])(
  'tasks that end at once do not get far ahead of whoever takes them (ordered: %s)',
  async (ordered) => {
    const concurrency = 20
    const executor = new ParallelExecutor({ concurrency, rateLimit: { requestsPerMinute: Number.POSITIVE_INFINITY } })
    let given = 0
    let taken = 0
    let furthest = 0
    function* counted() {
      for (const task of tasks(5_000)) {
        given++
        yield task
      }
    }
    for await (const _ of executor.run(counted(), async () => ({}), { ordered, window: 1_000 })) {
      taken++
      furthest = Math.max(furthest, given - taken)
    }
    expect(taken).toBe(5_000)
    // As many as are in flight, and as many that have ended.
    expect(furthest).toBeLessThanOrEqual(2 * concurrency + 1)
  },
)
