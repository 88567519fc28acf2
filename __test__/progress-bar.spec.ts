import { EventEmitter } from 'node:events'
import { ParallelExecutor, type ProgressBarOptions, progressBar } from '@aah/ai-evals-performance'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Screen } from './helpers/screen.ts'
import { ByHand, task, tasks } from './helpers/tasks.ts'

const unlimited = { requestsPerMinute: Number.POSITIVE_INFINITY }

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubEnv('CI', '')
  vi.stubEnv('TERM', 'xterm-256color')
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

/** A stream that is no terminal. */
function file() {
  const texts: string[] = []
  const write = (text: string) => texts.push(text)
  return { texts, write, once() {}, removeListener() {}, listenerCount: () => 0 }
}

/** An executor of which the test says what it tells. */
function told(options: Omit<ProgressBarOptions, 'stream'> & { stream: unknown }) {
  const executor = new EventEmitter()
  const bar = progressBar(executor as ParallelExecutor, options as ProgressBarOptions)
  return { executor, bar, tell: (event: string, payload: object) => executor.emit(event, { run: 1, ...payload }) }
}

function show(executor: ParallelExecutor, stream: unknown, options: ProgressBarOptions = {}) {
  return progressBar(executor, { stream: stream as NodeJS.WritableStream, ...options })
}

const tick = () => vi.advanceTimersByTimeAsync(100)
/** An executor tells at most ten times a second, and the line is drawn as often. */
const caughtUp = () => vi.advanceTimersByTimeAsync(300)
/** The counts of a line, which do not depend on how fast the run was. */
const counts = (line: string | undefined) => line?.match(/^.*?%(, \d+ failed)?/)?.[0]
const bar = (done: number, all: number) => '━'.repeat(done).padEnd(all, '─')

describe('on a terminal', () => {
  test('a run is a line that grows, and stays when the run has ended', async () => {
    const screen = new Screen(80)
    const executor = new ParallelExecutor({ concurrency: 1, rateLimit: unlimited })
    show(executor, screen)
    const hand = new ByHand()
    const run = executor.executeTasks(tasks(4), hand.execute)
    await tick()
    expect(await screen.lines()).toEqual([`${bar(0, 20)} 0/4 0.0%`])
    await hand.finish('0')
    await hand.fail('1', new Error('no'))
    await caughtUp()
    expect((await screen.lines()).map(counts)).toEqual([`${bar(10, 20)} 2/4 50.0%, 1 failed`])
    await hand.finishAll()
    await run
    expect(await screen.lines()).toEqual([`${bar(20, 20)} 4/4 100.0%, 1 failed, ended after 1 s`])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('says how fast it goes, how long it will take and what it waits for, and counts down between two events', async () => {
    const screen = new Screen(130)
    const { tell } = told({ stream: screen, label: 'cold' })
    tell('start', { totalTasks: 10_000 })
    tell('progress', { completed: 8_012, failed: 3, total: 10_000, inFlight: 7, waiting: 3, rate: 48.26, eta: 41_000 })
    tell('throttle', { reason: 'input-tokens', waitTime: 12_300, key: 'gpt-4o' })
    await tick()
    expect(await screen.lines()).toEqual([
      `cold ${bar(24, 30)} 8,012/10,000 80.1%, 3 failed, waiting 13 s for input tokens (gpt-4o), 41 s left, 48.3/s`,
    ])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await screen.lines()).toEqual([
      `cold ${bar(24, 30)} 8,012/10,000 80.1%, 3 failed, waiting 3 s for input tokens (gpt-4o), 31 s left, 48.3/s`,
    ])
    await vi.advanceTimersByTimeAsync(3_000)
    const [after] = await screen.lines()
    expect(after).toBe(`cold ${bar(24, 30)} 8,012/10,000 80.1%, 3 failed, 28 s left, 48.3/s, 7 running`)
  })

  test('waits without a known end are shown until something moves', async () => {
    const screen = new Screen()
    const { tell } = told({ stream: screen })
    tell('start', { totalTasks: 10 })
    tell('throttle', { reason: 'concurrency', waitTime: Number.POSITIVE_INFINITY })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await screen.lines()).toEqual([`${bar(0, 20)} 0/10 0.0%, waiting for concurrency`])
    tell('throttle', { reason: 'provider', waitTime: 75_000 })
    await tick()
    expect(await screen.lines()).toEqual([`${bar(0, 20)} 0/10 0.0%, waiting 1 min 15 s for the provider`])
    tell('progress', { completed: 1, failed: 0, total: 10, waiting: 0 })
    await tick()
    expect(await screen.lines()).toEqual([`${bar(2, 20)} 1/10 10.0%`])
  })

  test('a run that does not know how many tasks there are has counts and no bar', async () => {
    const screen = new Screen()
    const { tell } = told({ stream: screen, label: 'rows' })
    tell('start', { totalTasks: undefined })
    tell('progress', { completed: 1_234, failed: 1, rate: 0.25, inFlight: 20, eta: Number.NaN })
    await tick()
    expect(await screen.lines()).toEqual(['rows 1,234 done, 1 failed, 15/min, 20 running'])
    tell('progress', { completed: 1_300, failed: 1, total: 1_400 })
    await tick()
    expect(await screen.lines()).toEqual([`rows ${bar(18, 20)} 1,300/1,400 92.8%, 1 failed`])
  })

  test.each([20, 30, 40, 60, 79, 80, 200])('what matters most fits into %d columns', async (columns) => {
    const screen = new Screen(columns)
    const { tell } = told({ stream: screen, label: 'a label that is rather long' })
    tell('start', { totalTasks: 1_000 })
    const figures = { inFlight: 100, waiting: 10, rate: 12.345, eta: 3_723_000 }
    tell('progress', { completed: 500, failed: 20, total: 1_000, ...figures })
    await tick()
    tell('throttle', { reason: 'requests', waitTime: 30_000 })
    await tick()
    const lines = await screen.lines()
    expect(lines).toHaveLength(1)
    expect(lines[0]?.length).toBeLessThan(columns)
    if (columns >= 30) expect(lines[0]).toContain('500/1,000 50.0%')
    if (columns >= 60) expect(lines[0]).toContain('20 failed, waiting 30 s for requests')
    if (columns >= 80) expect(lines[0]).toContain(bar(5, 10))
    if (columns >= 200) expect(lines[0]).toContain('1 h 02 min left, 12.3/s, 100 running')
  })

  test('several runs at once have a line each, and each stays above the others when it has ended', async () => {
    const screen = new Screen()
    const executor = new ParallelExecutor({ rateLimit: unlimited })
    show(executor, screen)
    const [one, other] = [new ByHand(), new ByHand()]
    const first = executor.executeTasks(tasks(2), one.execute)
    const second = executor.executeTasks(tasks(4), other.execute)
    await other.finish('0')
    await caughtUp()
    expect((await screen.lines()).map(counts)).toEqual([`${bar(0, 20)} 0/2 0.0%`, `${bar(5, 20)} 1/4 25.0%`])
    await other.finishAll()
    await second
    const [above, below] = await screen.lines()
    expect([above, counts(below)]).toEqual([`${bar(20, 20)} 4/4 100.0%, ended after 1 s`, `${bar(0, 20)} 0/2 0.0%`])
    expect(vi.getTimerCount()).toBe(1)
    await one.finishAll()
    await first
    expect(await screen.lines()).toEqual([
      `${bar(20, 20)} 4/4 100.0%, ended after 1 s`,
      `${bar(20, 20)} 2/2 100.0%, ended after 1 s`,
    ])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('more runs than it has lines leave nothing behind', async () => {
    const screen = new Screen(80, 5)
    const { tell } = told({ stream: screen })
    for (let run = 1; run <= 9; run++) tell('start', { run, totalTasks: 10 })
    for (let completed = 1; completed <= 10; completed++) {
      for (let run = 1; run <= 9; run++) tell('progress', { run, completed, failed: 0, total: 10 })
      await tick()
    }
    for (let run = 1; run <= 9; run++) tell('complete', { run })
    expect(await screen.lines()).toEqual(Array(9).fill(`${bar(20, 20)} 10/10 100.0%, ended after 1 s`))
  })

  test('nothing is left behind when the run fails', async () => {
    const screen = new Screen()
    const executor = new ParallelExecutor({ rateLimit: unlimited })
    show(executor, screen)
    async function* source() {
      yield task('0')
      await new Promise((resolve) => setTimeout(resolve, 2_000))
      throw new Error('the file is damaged')
    }
    const run = executor.executeTasksStreaming(source(), async () => ({})).catch((error) => error.code)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await run).toBe('ERR_SOURCE')
    expect(await screen.lines()).toEqual(['1 done, stopped after 2 s'])
    expect(await screen.isCursorVisible()).toBe(true)
    expect([vi.getTimerCount(), screen.listenerCount()]).toEqual([0, 0])
  })

  test('stop() leaves the last state on the screen, nothing else, and is told of nothing more', async () => {
    const screen = new Screen()
    const executor = new ParallelExecutor({ rateLimit: unlimited })
    const handle = show(executor, screen)
    const hand = new ByHand()
    const run = executor.executeTasks(tasks(2), hand.execute)
    await hand.finish('0')
    await caughtUp()
    handle.stop()
    handle.stop()
    expect(executor.eventNames()).toEqual([])
    const expected = await screen.lines()
    expect(expected.map(counts)).toEqual([`${bar(10, 20)} 1/2 50.0%`])
    expect(vi.getTimerCount()).toBe(0)
    await hand.finishAll()
    await run
    expect(await screen.lines()).toEqual(expected)
    expect(await screen.isCursorVisible()).toBe(true)
  })

  test('a run that had begun before is shown from its next event on', async () => {
    const screen = new Screen()
    const { tell } = told({ stream: screen })
    tell('progress', { completed: 1, failed: 0, total: 2 })
    await tick()
    expect(await screen.lines()).toEqual([`${bar(10, 20)} 1/2 50.0%`])
  })

  test('what others print meanwhile stays, and the line goes on below it', async () => {
    const screen = new Screen()
    const { tell } = told({ stream: screen })
    tell('start', { totalTasks: 2 })
    await tick()
    screen.write('a warning\nof two lines\n')
    tell('progress', { completed: 1, failed: 0, total: 2 })
    await tick()
    tell('progress', { completed: 2, failed: 0, total: 2 })
    tell('complete', {})
    screen.write('the report\n')
    expect(await screen.lines()).toEqual([
      `${bar(0, 20)} 0/2 0.0%`,
      'a warning',
      'of two lines',
      `${bar(20, 20)} 2/2 100.0%, ended after 1 s`,
      'the report',
    ])
  })

  test('nothing that a task, a key or a label says is obeyed by the terminal', async () => {
    const screen = new Screen(200)
    const evil = '\u001b]0;title\u0007\u001b[2J\r\n\u009b31mred\u202e'
    const { tell } = told({ stream: screen, label: `label${evil}` })
    tell('start', { totalTasks: 2 })
    tell('throttle', { reason: `requests${evil}`, waitTime: 9_000, key: `key${evil}`, taskId: evil })
    await tick()
    expect(await screen.lines()).toEqual([`label red ${bar(0, 30)} 0/2 0.0%, waiting 9 s for requests red (key red)`])
    for (const sequence of ['\u001b]', '\u001b[2J', '\u009b', '\u202e', '\r', '\u0007']) {
      expect(screen.raw).not.toContain(sequence)
    }
  })

  test('a terminal without Unicode gets signs that it has', async () => {
    vi.stubEnv('TERM', 'linux')
    const screen = new Screen()
    const { tell } = told({ stream: screen })
    tell('start', { totalTasks: 4 })
    tell('progress', { completed: 1, failed: 0, total: 4 })
    await tick()
    expect(await screen.lines()).toEqual([`${'#'.repeat(5)}${'-'.repeat(15)} 1/4 25.0%`])
  })

  test('it follows the width of the terminal', async () => {
    const screen = new Screen(120)
    const { tell } = told({ stream: screen })
    tell('start', { totalTasks: 4 })
    await tick()
    expect((await screen.lines())[0]).toContain(bar(0, 30))
    screen.columns = 60
    await tick()
    expect(await screen.lines()).toEqual([`${bar(0, 15)} 0/4 0.0%`])
  })

  test('a stream that fails disturbs no run', async () => {
    const screen = new Screen()
    screen.write = () => {
      throw new Error('EPIPE')
    }
    const executor = new ParallelExecutor({ rateLimit: unlimited })
    show(executor, screen)
    const hand = new ByHand()
    const run = executor.executeTasks(tasks(2), hand.execute)
    await tick()
    await hand.finishAll()
    expect(await run).toHaveLength(2)
    expect([vi.getTimerCount(), screen.listenerCount()]).toEqual([0, 0])
  })
})

describe('without a terminal', () => {
  test('there is a plain line at each tenth, in five seconds at most one, and a last one', async () => {
    const output = file()
    const { tell } = told({ stream: output, label: 'cold' })
    tell('start', { totalTasks: 100 })
    for (let completed = 1; completed <= 100; completed++) {
      await vi.advanceTimersByTimeAsync(200)
      tell('progress', { completed, failed: completed > 50 ? 1 : 0, total: 100, rate: 5, eta: (100 - completed) * 200 })
    }
    tell('complete', {})
    tell('end', {})
    const shown = output.texts
    expect(shown.slice(0, 2)).toEqual([
      'cold 29/100 29.0%, 14 s left, 5/s\n',
      'cold 54/100 54.0%, 1 failed, 9 s left, 5/s\n',
    ])
    expect(shown.at(-1)).toBe('cold 100/100 100.0%, 1 failed, ended after 20 s\n')
    expect(shown).toHaveLength(4)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('a run that is over at once is one line', async () => {
    const output = file()
    const executor = new ParallelExecutor({ rateLimit: unlimited })
    show(executor, output)
    await executor.executeTasks(tasks(1_000), async () => ({}))
    expect(output.texts).toEqual(['1,000/1,000 100.0%, ended after 0 s\n'])
  })

  test('a long wait is told once, and a run that stands still is heard of each minute', async () => {
    const output = file()
    const { tell } = told({ stream: output })
    tell('start', { totalTasks: 100 })
    await vi.advanceTimersByTimeAsync(8_000)
    tell('progress', { completed: 1, failed: 0, total: 100 })
    tell('throttle', { reason: 'requests', waitTime: 50_000 })
    await vi.advanceTimersByTimeAsync(40_000)
    expect(output.texts).toEqual(['1/100 1.0%, waiting 49 s for requests\n'])
    await vi.advanceTimersByTimeAsync(80_000)
    expect(output.texts.slice(1)).toEqual(['1/100 1.0%\n'])
  })

  test('a terminal that cannot move its cursor gets plain lines', async () => {
    vi.stubEnv('TERM', 'dumb')
    const screen = new Screen()
    const executor = new ParallelExecutor({ rateLimit: unlimited })
    show(executor, screen)
    await executor.executeTasks(tasks(2), async () => ({}))
    expect(screen.raw).toBe('2/2 100.0%, ended after 0 s\n')
  })
})

describe('who asks for quiet', () => {
  async function written(options: ProgressBarOptions = {}): Promise<string> {
    const screen = new Screen()
    const executor = new ParallelExecutor({ rateLimit: unlimited })
    const handle = show(executor, screen, options)
    const listened = executor.eventNames().length
    await executor.executeTasks(tasks(2), async () => ({}))
    await tick()
    handle.stop()
    expect(listened > 0).toBe(screen.raw !== '')
    return screen.raw
  }

  test.each(['true', '1', 'yes'])('is the environment where CI is %s', async (value) => {
    vi.stubEnv('CI', value)
    expect(await written()).toBe('')
    expect(await written({ quiet: false })).toContain('2/2')
  })

  test.each(['false', 'False', '0', ''])('is not the environment where CI is %j', async (value) => {
    vi.stubEnv('CI', value)
    expect(await written()).toContain('2/2')
    expect(await written({ quiet: true })).toBe('')
  })
})

test('an argument of the wrong type is refused before anything is listened to', () => {
  const executor = new ParallelExecutor()
  expect(() => progressBar(undefined as any)).toThrow('Expected `executor` to be an object, got `undefined`')
  expect(() => progressBar({} as any)).toThrow('Expected `executor.on` to be a function, got `undefined`')
  expect(() => progressBar(executor, 5 as any)).toThrow('Expected `options` to be an object, got `5`')
  expect(() => progressBar(executor, { stream: 'stderr' as any })).toThrow(
    'Expected `stream` to be a writable stream, got `"stderr"`',
  )
  expect(() => progressBar(executor, { quiet: 1 as any })).toThrow('Expected `quiet` to be a boolean, got `1`')
  expect(() => progressBar(executor, { label: 1 as any })).toThrow('Expected `label` to be a string, got `1`')
  expect(executor.eventNames()).toEqual([])
})
