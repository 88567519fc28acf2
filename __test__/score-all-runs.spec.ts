// scoreAll as a run: long arrays and texts, signals, wrong pairs, and what the process sees of its threads.

import { constants } from 'node:buffer'
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { scoreAll, type TextPair } from '@aah/ai-evals-performance'
import { describe, expect, test, vi } from 'vitest'
import { NativeScoring } from '../binding.js'
import { references, SCORERS } from './helpers/scores.ts'

const many = (count: number): TextPair[] =>
  Array.from({ length: count }, (_, index) => [`answer ${index}`, `answer ${index % 2 ? index : 'none'}`])

/** The same pairs, and a call for each that is read. */
function watched(pairs: TextPair[], onRead: () => void): TextPair[] {
  return new Proxy(pairs, {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) onRead()
      return Reflect.get(target, key)
    },
  })
}

describe('a long array', () => {
  test.each([1, 1_023, 1_024, 1_025, 50_001])(
    'of %i pairs has a score for each, in their order',
    async (count) => {
      const pairs = many(count)
      for (const threads of [1, 2, 1_000]) {
        expect(await scoreAll('levenshtein', pairs, { threads })).toEqual(
          Float64Array.from(references('levenshtein', pairs)),
        )
      }
    },
    60_000,
  )

  test('of long texts is parted by their length too', async () => {
    const pairs = Array.from({ length: 300 }, (_, index): TextPair => ['x'.repeat(index * 1_000), 'x'.repeat(150_000)])
    expect(await scoreAll('exact', pairs)).toEqual(Float64Array.from(pairs, ([one]) => Number(one.length === 150_000)))
  }, 60_000)

  test('leaves the event loop its turns while it is scored', async () => {
    let [read, timers] = [0, 0]
    const readInTurns: number[] = []
    const pairs = watched(many(200_000), () => read++)
    const timer = setInterval(() => timers++, 0)
    let going = true
    const turn = () => {
      readInTurns.push(read)
      read = 0
      if (going) setImmediate(turn)
    }
    setImmediate(turn)
    await scoreAll('exact', pairs)
    going = false
    clearInterval(timer)
    // A chunk in each, and one more where an answer of the threads comes in the same turn.
    expect(Math.max(...readInTurns)).toBeLessThanOrEqual(3 * 1_024)
    expect(timers).toBeGreaterThan(0)
  }, 60_000)

  test('is scored under fake timers', async () => {
    vi.useFakeTimers()
    try {
      expect(await scoreAll('exact', many(5_000))).toHaveLength(5_000)
    } finally {
      vi.useRealTimers()
    }
  })

  test('is read as it is when its turn comes, and no further than it was', async () => {
    const pairs: [string, string][] = Array.from({ length: 10_000 }, () => ['a', 'a'])
    const scores = scoreAll('exact', pairs)
    // The first chunk has been read, the last has not.
    pairs[0]![1] = 'b'
    pairs[9_999] = ['a', 'b']
    pairs.push(['a', 'a'])
    expect(await scores).toEqual(Float64Array.from({ length: 10_000 }, (_, index) => Number(index < 9_999)))

    const shortened = scoreAll('exact', pairs)
    pairs.length = 5_000
    await expect(shortened).rejects.toThrow(/^Expected `pairs\[5000\]` to be an array of two strings, got `undefined`$/)
  })
})

describe('very long texts', () => {
  const long = (seed: number) =>
    Array.from({ length: 100_000 }, (_, index) => 'abcdefgh'[((index * index * seed) % 11) % 8]).join('')

  test('are scored by every scorer', async () => {
    const pair: TextPair = [long(3), long(7)]
    for (const scorer of SCORERS) {
      const [score, same, nothing] = await scoreAll(scorer, [pair, [pair[0], pair[0]], ['', pair[1]]])
      expect([same, nothing]).toEqual([1, 0])
      expect(score).toBeGreaterThanOrEqual(0)
      expect(score).toBeLessThan(1)
    }
  }, 120_000)

  test('of many words are compared in no quadratic time', async () => {
    const text = Array.from({ length: 100_000 }, (_, index) => `w${(index * 7_919) % 100_003}`).join(' ')
    const reversed = text.split(' ').reverse().join(' ')
    expect(await scoreAll('tokenF1', [[text, reversed]])).toEqual(Float64Array.of(1))
  }, 60_000)

  test('that no string could hold together are refused', async () => {
    const half = 'x'.repeat(2 ** 28)
    const [first, second] = [half, half.repeat(2 ** 28 * 2 > constants.MAX_STRING_LENGTH ? 1 : 2)]
    const tooLong = `Expected \`pairs[1]\` to be two strings of at most ${constants.MAX_STRING_LENGTH} code units together`
    await expect(
      scoreAll('exact', [
        ['a', 'a'],
        [first, second],
      ]),
    ).rejects.toThrow(tooLong)
  })
})

describe('a signal', () => {
  const reason = Object.freeze({ because: 'enough' })

  test('that is aborted already keeps everything from being read', async () => {
    const untouched = new Proxy([], { get: () => expect.fail('pairs are read') })
    await expect(scoreAll('exact', untouched, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test('rejects with its reason, and no further pair is read', async () => {
    const controller = new AbortController()
    let read = 0
    const pairs = watched(many(1_000_000), () => read++)
    const scores = scoreAll('levenshtein', pairs, { signal: controller.signal })
    await new Promise((resolve) => setImmediate(resolve))
    controller.abort(reason)
    const before = read
    await expect(scores).rejects.toBe(reason)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(read).toBe(before)
    expect(before).toBeLessThan(100_000)
  }, 60_000)

  test('is left without listeners, however it ends', async () => {
    const { signal } = new AbortController()
    const listeners = new Set<unknown>()
    vi.spyOn(signal, 'addEventListener').mockImplementation((_, listener) => void listeners.add(listener))
    vi.spyOn(signal, 'removeEventListener').mockImplementation((_, listener) => void listeners.delete(listener))
    await scoreAll('exact', many(10), { signal })
    await scoreAll('exact', [['a', 7 as any]], { signal }).catch(() => {})
    expect(signal.addEventListener).toHaveBeenCalledTimes(2)
    expect(listeners.size).toBe(0)
  })

  test('ends a long pair for its caller at once', async () => {
    const controller = new AbortController()
    const endless = 'ab'.repeat(150_000)
    const scores = scoreAll('levenshtein', [[endless, `b${endless}c`], ...many(1)], { signal: controller.signal })
    await new Promise((resolve) => setImmediate(resolve))
    controller.abort(reason)
    await expect(scores).rejects.toBe(reason)
  }, 60_000)
})

describe('what is no pair', () => {
  const wrong: [unknown, string][] = [
    [undefined, 'Expected `pairs[1]` to be an array of two strings, got `undefined`'],
    ['ab', 'Expected `pairs[1]` to be an array of two strings, got `"ab"`'],
    [['a'], 'Expected `pairs[1]` to be an array of two strings, got `an array`'],
    [['a', 'b', 'c'], 'Expected `pairs[1]` to be an array of two strings, got `an array`'],
    [[7, 'a'], 'Expected `pairs[1][0]` to be a string, got `7`'],
    [['a', new String('a')], 'Expected `pairs[1][1]` to be a string, got `an object`'],
  ]
  test.each(wrong)('is refused: %j', async (pair, message) => {
    for (const scorer of SCORERS) {
      await expect(scoreAll(scorer, [['a', 'a'], pair] as any)).rejects.toThrow(new TypeError(message))
    }
  })

  test('is refused wherever it stands, and nothing is scored', async () => {
    const pairs: any[] = many(30_000)
    pairs[29_017] = ['a', null]
    const message = 'Expected `pairs[29017][1]` to be a string, got `null`'
    await expect(scoreAll('levenshtein', pairs)).rejects.toThrow(new TypeError(message))
  })

  test('is refused among vectors', async () => {
    const refused: [unknown, TypeError | RangeError][] = [
      [
        [[1], '1'],
        new TypeError('Expected `pairs[1][1]` to be an array of numbers, a Float32Array or a Float64Array, got `"1"`'),
      ],
      [
        [[1], new Int32Array(1)],
        new TypeError(
          'Expected `pairs[1][1]` to be an array of numbers, a Float32Array or a Float64Array, got `an object`',
        ),
      ],
      [
        [
          [1, 2],
          ['1', 2],
        ],
        new TypeError('Expected `pairs[1][1][0]` to be a number, got `"1"`'),
      ],
      [
        [[1, 2], Object.assign([1], { length: 2 })],
        new TypeError('Expected `pairs[1][1][1]` to be a number, got `undefined`'),
      ],
      [[[1, 2], [1]], new RangeError('Expected `pairs[1][1].length` to be 2, as that of `pairs[1][0]`, got `1`')],
      [[[1]], new TypeError('Expected `pairs[1]` to be an array of two vectors, got `an array`')],
    ]
    for (const [pair, error] of refused) {
      const failure = await scoreAll('cosine', [[[1], [1]], pair] as any).catch((failure) => failure)
      expect(failure).toEqual(error)
      expect(failure).toBeInstanceOf(error.constructor)
    }
  })

  test('passes on what reading it throws', async () => {
    const failure = new Error('lazily loaded, and not there')
    const pairs = [['a', 'a']] as any
    Object.defineProperty(pairs, 1, {
      get: () => {
        throw failure
      },
      enumerable: true,
    })
    await expect(scoreAll('exact', pairs)).rejects.toBe(failure)
  })
})

describe('the process', () => {
  const run = (body: string) => {
    const program = `
      const { scoreAll } = require('@aah/ai-evals-performance')
      const pairs = (count) => Array.from({ length: count }, (_, index) => ['answer ' + index, 'answer'])
      ${body}`
    const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
      cwd: join(__dirname, '..'),
      encoding: 'utf8',
      timeout: 120_000,
    })
    return { status, stdout, stderr }
  }

  test('lives until the scores are there, and then ends by itself with nothing open', () => {
    const body = `
      const before = JSON.stringify(process.getActiveResourcesInfo())
      scoreAll('tokenF1', pairs(100_000)).then(({ length }) => setImmediate(() => {
        console.log(length, JSON.stringify(process.getActiveResourcesInfo()) === before)
      }))`
    expect(run(body)).toEqual({ status: 0, stdout: '100000 true\n', stderr: '' })
  }, 120_000)

  test('ends by itself after an abort and after an error', () => {
    const body = `
      const controller = new AbortController()
      const bad = pairs(50_000)
      bad[40_000] = 7
      Promise.allSettled([
        scoreAll('levenshtein', pairs(500_000), { signal: controller.signal }),
        scoreAll('levenshtein', bad),
      ]).then((outcomes) => console.log(...outcomes.map(({ reason }) => reason.name)))
      setImmediate(() => controller.abort())`
    expect(run(body)).toEqual({ status: 0, stdout: 'AbortError TypeError\n', stderr: '' })
  }, 120_000)

  test('may end a worker thread in the middle of a run, and score in others', async () => {
    const source = `
      const { parentPort } = require('node:worker_threads')
      const { scoreAll } = require('@aah/ai-evals-performance')
      const pairs = Array.from({ length: 300_000 }, (_, index) => ['answer ' + index, 'answer ' + (index + 1)])
      const scores = scoreAll('levenshtein', pairs)
      parentPort.postMessage('begun')
      scores.then(({ length }) => parentPort.postMessage(length))`
    const start = () => new Worker(source, { eval: true })
    const [ended, other] = [start(), start()]
    const messages = (worker: Worker) =>
      new Promise((resolve) => worker.on('message', (message) => message === 'begun' || resolve(message)))
    const length = messages(other)
    await new Promise((resolve) => ended.once('message', resolve))
    await ended.terminate()
    expect(await length).toBe(300_000)
    await other.terminate()
    expect(await scoreAll('exact', many(10))).toHaveLength(10)
  }, 120_000)
})

test('many runs at once do not get into each other', async () => {
  const runs = Array.from({ length: 50 }, (_, run) => many(2_000 + run))
  const scores = await Promise.all(runs.map((pairs) => scoreAll('levenshtein', pairs)))
  for (const [run, pairs] of runs.entries()) expect(Array.from(scores[run]!)).toEqual(references('levenshtein', pairs))
}, 60_000)

test('a panic on a thread is a rejection, and no later chunk is taken', async () => {
  const run = new NativeScoring(availableParallelism())
  // The one thing that the native part takes on trust.
  expect(run.submitTexts('exact', 'abc', Uint32Array.of(1, 1))).toBe(1)
  const message = '2 lengths of 2 items in all cannot part 3 items into pairs'
  await expect(run.until(0)).rejects.toThrow(message)
  expect(() => run.submitTexts('exact', 'ab', Uint32Array.of(1, 1))).toThrow(message)
  expect(await scoreAll('exact', [['a', 'a']])).toEqual(Float64Array.of(1))
})
