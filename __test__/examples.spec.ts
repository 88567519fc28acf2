import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { loadDataset } from '../examples/evaluate/dataset.ts'
import { isCorrect } from '../examples/evaluate/score.ts'
import { solve } from '../examples/model-server/answers.ts'
import { type ModelServer, startModelServer } from '../examples/model-server.ts'
import { noPostgres, startPostgres } from './helpers/postgres.ts'

// Each test waits for a program of its own, which a busy machine may slow down a lot.
vi.setConfig({ testTimeout: 180_000 })

const root = fileURLToPath(new URL('..', import.meta.url))
const dataset = loadDataset(`${root}examples/datasets/arithmetic.jsonl`)

/** Runs an example from the project's root and waits until it ends. */
async function run(name: string, args: string[] = [], environment: Record<string, string> = {}) {
  const { OPENAI_API_KEY: _, OPENAI_BASE_URL: __, ...inherited } = process.env
  const child = spawn(process.execPath, ['--import', 'tsx', `examples/${name}.ts`, ...args], {
    cwd: root,
    env: { ...inherited, CI: '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  return { code, output, errors }
}

/** The cells of the row of a Markdown table that begins with a name. */
function row(output: string, name: string): string[] {
  const line = output.split('\n').find((text) => text.startsWith(`| ${name} `))
  expect(line, `a row for ${name} in:\n${output}`).toBeDefined()
  return (line as string)
    .split('|')
    .slice(2, -1)
    .map((cell) => cell.trim())
}

function expectNarrow(output: string): void {
  for (const line of output.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
}

test('every program in examples/ has a test here', () => {
  const programs = readdirSync(`${root}examples`).filter((name) => /^(evaluate|.*-example)\.ts$/.test(name))
  expect(programs.sort()).toEqual([
    'benchmark-example.ts',
    'cache-example.ts',
    'evaluate.ts',
    'monitoring-example.ts',
    'prisma-example.ts',
    'streaming-example.ts',
  ])
})

test('cache-example answers the second time from the caches', async () => {
  const { code, output, errors } = await run('cache-example')
  expect(errors).toBe('')
  expect(code).toBe(0)
  expect(output).toContain('The model was asked 20 times for 40 answers.')
  expect(output).toContain('3 query results were removed')
  expect(row(output, 'response').slice(0, 4)).toEqual(['20', '20', '20', '50.0 %'])
  expect(row(output, 'embedding').slice(0, 4)).toEqual([...Array(3).fill(String(dataset.length)), '50.0 %'])
  expect(row(output, 'query').slice(0, 4)).toEqual(['0', '3', '3', '50.0 %'])
  expectNarrow(output)
})

test('monitoring-example finds the bottleneck and the regression', async () => {
  const { code, output, errors } = await run('monitoring-example')
  expect(errors).toBe('')
  expect(code).toBe(0)
  const correct = dataset.filter((question) => isCorrect(solve(question, 'local-small', 0.82, 1), question.answer))
  expect(output).toContain(`Accuracy ${((100 * correct.length) / dataset.length).toFixed(1)} %`)
  expect(output).toContain(`${2 * dataset.length + 1} calls were timed`)
  for (const component of ['runner-execution', 'scoring']) {
    expect(row(output, component)[0]).toBe(String(dataset.length))
  }
  expect(output).toMatch(/Bottleneck \(\w+\): runner-execution/)
  expect(output).toContain('Baseline fast-scorer is set.')
  expect(output).toMatch(/scoring \(critical\): [\d,]+ % slower/)
})

test('benchmark-example prints results, a comparison, a suite and a cache', async () => {
  const { code, output, errors } = await run('benchmark-example')
  expect(errors).toBe('')
  expect(code).toBe(0)
  for (const name of ['contains', 'last-word', 'final-number']) expect(output).toContain(name)
  expect(output).toMatch(/faster|slower|similar/i)
  expect(output).toContain('The cache held')
  expect(output).not.toMatch(/NaN|Infinity|undefined/)
  expectNarrow(output)
})

test('streaming-example processes and writes every test case', async () => {
  const { code, output, errors } = await run('streaming-example')
  expect(errors).toBe('')
  expect(code).toBe(0)
  const total = dataset.length * 20
  const text = total.toLocaleString('en-US')
  expect(output).toContain(`${text} test cases in ${total / 50} batches`)
  expect(output).toContain(`${text} results were written`)
  expect(output).toContain(`was full ${Math.floor((total - 1) / 500)} times`)
  expect(output).toContain(`${text} test cases, `)
})

describe('prisma-example', () => {
  test('answers from the cache until something is written', async () => {
    const { code, output, errors } = await run('prisma-example', [], { DATABASE_URL: '' })
    expect(errors).toBe('')
    expect(code).toBe(0)
    expectNarrow(output)
    expect(output).toContain('Prisma on SQLite, through a cache')
    expect(output).toContain('400 answers came from the cache (57.1 %)')
    expect(output).toContain('Student 100 has 4 metrics, the new one included')
    expect(output).not.toContain('The pool')
  })

  test.skipIf(noPostgres !== undefined)('shows the figures of a pool, and leaves nothing on the server', async () => {
    const server = await startPostgres()
    try {
      const { code, output, errors } = await run('prisma-example', [], { DATABASE_URL: server.url })
      expect(errors).toBe('')
      expect(code).toBe(0)
      expectNarrow(output)
      expect(output).toContain('400 answers came from the cache (57.1 %)')
      expect(output).toContain('The pool: 4 of 4 connections open')
      expect(row(output, 'connections opened')[0]).toBe('4')
      const client = new Client({ connectionString: server.url })
      await client.connect()
      const { rows } = await client.query("SELECT 1 FROM pg_namespace WHERE nspname LIKE 'ai_evals%'")
      await client.end()
      expect(rows).toEqual([])
    } finally {
      await server.stop()
    }
  })
})

describe('evaluate', () => {
  test('asks the local model once, and not at all the second time', async () => {
    const { code, output, errors } = await run('evaluate', ['--limit', '40'])
    expect(code).toBe(0)
    const correct = dataset
      .slice(0, 40)
      .filter((question) => isCorrect(solve(question, 'local-small', 0.82, 2), question.answer)).length
    expect(row(output, 'local-small').slice(0, 4)).toEqual([
      `${correct}`,
      `${40 - correct}`,
      '0',
      `${(correct * 2.5).toFixed(1)} %`,
    ])
    for (const component of ['dataset-loading', 'model-call', 'cache-lookup', 'scoring']) row(output, component)
    expect(output).toMatch(/- \*\*model-call\*\* \((critical|high)\): /)
    expect(row(output, 'questions put to the model').slice(0, 2)).toEqual(['40', '0'])
    // The server fails once on purpose among these questions.
    expect(row(output, 'asked again after a failure').slice(0, 2)).toEqual(['1', '0'])
    expect(row(output, 'requests sent').slice(0, 2)).toEqual(['41', '0'])
    expect(row(output, 'answers with status 429').slice(0, 2)).toEqual(['0', '0'])
    expect(row(output, 'cache hit rate').slice(0, 2)).toEqual(['0.0 %', '100.0 %'])
    expect(row(output, 'correct answers').slice(0, 2)).toEqual([`${correct}`, `${correct}`])
    expectNarrow(output)
    // Without a terminal, the progress is a few plain lines on standard error.
    expect(errors).toMatch(/^cold 40\/40 100\.0%, ended after \d+ s$/m)
    expect(errors).not.toContain('\u001b')
    expect(errors.trim().split('\n').length).toBeLessThanOrEqual(8)
  })

  describe('with a store', () => {
    let folder: string
    let server: ModelServer
    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'evaluate-store-'))
      server = await startModelServer({ dataset, medianLatency: 5, failureRate: 0 })
    })
    afterEach(async () => {
      await server.close()
      rmSync(folder, { recursive: true })
    })

    const evaluate = (limit: number, environment: Record<string, string> = {}) =>
      run('evaluate', ['--store', folder, '--model', 'local-small', '--limit', `${limit}`], {
        OPENAI_API_KEY: 'secret',
        OPENAI_BASE_URL: server.url,
        ...environment,
      })

    test('asks nobody in the second run of the program, and says what that saved', async () => {
      const first = await evaluate(40)
      expect([first.code, first.errors.includes('degraded')]).toEqual([0, false])
      expect(row(first.output, 'questions put to the model')).toEqual(['40'])
      expect(row(first.output, 'saved requests')).toEqual(['0', '0'])
      expect(server.stats.requests).toBe(40)
      const tokens = server.stats.totalTokens.toLocaleString('en-US')
      expect(row(first.output, 'tokens used')).toEqual([tokens])

      const second = await evaluate(40)
      expect(second.code).toBe(0)
      expect(server.stats.requests).toBe(40)
      expect(row(second.output, 'questions put to the model')).toEqual(['0'])
      expect(row(second.output, 'cache hit rate')).toEqual(['100.0 %'])
      expect(row(second.output, 'local-small')).toEqual(row(first.output, 'local-small'))
      expect(row(second.output, 'saved requests')).toEqual(['40', '40'])
      expect(row(second.output, 'saved tokens')).toEqual([tokens, tokens])
      expect(row(second.output, 'saved time of the model')[0]).toMatch(/^[\d.]+ m?s$/)
      expect(second.output).toContain('The store holds 40 answers in ')
      expectNarrow(second.output)

      const third = await evaluate(40)
      expect(row(third.output, 'saved requests')).toEqual(['40', '80'])
    })

    test('knows through the AI SDK what was asked through the client of OpenAI, and the other way round', async () => {
      const asked = async (limit: number, client: string) => {
        const { output } = await run(
          'evaluate',
          ['--store', folder, '--model', 'local-small', '--limit', `${limit}`, '--client', client],
          { OPENAI_API_KEY: 'secret', OPENAI_BASE_URL: server.url },
        )
        expect(row(output, 'local-small')[2]).toBe('0')
        return [row(output, 'questions put to the model'), row(output, 'tokens used')].flat()
      }
      expect((await asked(5, 'ai-sdk'))[0]).toBe('5')
      const { totalTokens } = server.stats
      expect(await asked(8, 'openai')).toEqual(['3', `${server.stats.totalTokens - totalTokens}`])
      expect(await asked(8, 'ai-sdk')).toEqual(['0', '0'])
      expect(server.stats.requests).toBe(8)
    })

    test('asks only what no run has asked before', async () => {
      await evaluate(10)
      const { output } = await evaluate(12)
      expect(row(output, 'questions put to the model')).toEqual(['2'])
      expect(row(output, 'saved requests')).toEqual(['10', '10'])
      expect(server.stats.requests).toBe(12)
    })

    test('asks each question once though two programs run at the same time', async () => {
      const both = await Promise.all([evaluate(60), evaluate(60)])
      for (const { code, output } of both) {
        expect(code).toBe(0)
        expect(row(output, 'local-small')[2]).toBe('0')
      }
      expect(server.stats.requests).toBe(60)
    })

    test('asks nobody at all where the environment says so, and names the question that is missing', async () => {
      await evaluate(2)
      const replayed = await evaluate(2, { AI_EVALS_CACHE: 'replay' })
      expect([replayed.code, row(replayed.output, 'cache hit rate')]).toEqual([0, ['100.0 %']])
      const { code, errors } = await evaluate(3, { AI_EVALS_CACHE: 'replay' })
      expect(code).toBe(1)
      expect(errors).toContain(dataset[2]?.question.slice(0, 20))
      expect(errors).not.toContain('    at ')
      expect(server.stats.requests).toBe(2)
    })
  })

  test('asks the provider that the environment names', async () => {
    const server = await startModelServer({ dataset, models: { elsewhere: 1 }, medianLatency: 0, failureRate: 0 })
    const environment = { OPENAI_API_KEY: 'secret', OPENAI_BASE_URL: server.url }
    const { code, output } = await run('evaluate', ['--limit', '10', '--model', 'elsewhere'], environment)
    await server.close()
    expect(code).toBe(0)
    expect(output).toContain(`answers from ${new URL(server.url).host}`)
    expect(row(output, 'elsewhere').slice(0, 3)).toEqual(['10', '0', '0'])
    expect(server.stats).toMatchObject({ requests: 10, completions: 10 })
    expect(row(output, 'tokens used')[0]).toBe(server.stats.totalTokens.toLocaleString('en-US'))
  })

  test.each([
    ['openai', '503 Closed today.'],
    ['ai-sdk', 'Closed today.'],
  ])(
    'reports a question without an answer as an error, asks it again later, and fails, with --client %s',
    async (client, why) => {
      const [, lost] = dataset
      let attempts = 0
      const server = createServer(async (request, response) => {
        let body = ''
        for await (const chunk of request) body += chunk
        const isLost = JSON.parse(body).messages[1].content === lost?.question
        if (isLost) attempts++
        response.writeHead(isLost ? 503 : 200, { 'content-type': 'application/json', 'retry-after-ms': '1' })
        const message = { role: 'assistant', content: 'A: 150' }
        response.end(isLost ? '{"error":{"message":"Closed today."}}' : JSON.stringify({ choices: [{ message }] }))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
      const { code, output } = await run('evaluate', ['--limit', '3', '--model', 'm', '--client', client], {
        OPENAI_API_KEY: 'secret',
        OPENAI_BASE_URL: url,
      })
      await new Promise((resolve) => server.close(resolve))
      expect(code).toBe(1)
      expect(row(output, 'm').slice(0, 4)).toEqual(['1', '1', '1', '50.0 %'])
      expect(output).toContain(`- m: no answer to ${lost?.id}: ${why}`)
      expect(row(output, 'questions put to the model').slice(0, 2)).toEqual(['3', '1'])
      expect(attempts).toBe(8)
    },
  )

  test.each(['openai', 'ai-sdk'])('asks no more once the provider has refused the model of %s', async (client) => {
    const server = await startModelServer({ dataset, medianLatency: 0, failureRate: 0 })
    const environment = { OPENAI_API_KEY: 'secret', OPENAI_BASE_URL: server.url }
    const { code, output } = await run(
      'evaluate',
      ['--model', 'gpt-0', '--concurrency', '5', '--requests-per-minute', '20', '--client', client],
      environment,
    )
    await server.close()
    expect(code).toBe(1)
    expect(row(output, 'gpt-0').slice(0, 4)).toEqual(['0', '0', String(dataset.length), '–'])
    expect(output).toMatch(/and \d+ more:\s(404\s)?The\s+model\s+'gpt-0'/)
    expect(output).not.toContain('Cold and warm')
    expect(server.stats.requests).toBeLessThanOrEqual(5)
    expectNarrow(output)
  })

  test.each([
    [['--limit', '0'], 'Expected --limit to be an integer ≥ 1, got `0`'],
    [['--fast'], "Unknown option '--fast'"],
    [['--client', 'curl'], 'Expected --client to be one of openai, ai-sdk, got `curl`'],
    [['--dataset', 'missing.jsonl'], 'Cannot read the dataset: ENOENT'],
    [['--dataset', 'examples/README.md'], 'examples/README.md:1: not valid JSON'],
    [['--recorded'], 'holds no recorded answers'],
  ])('refuses %j with a message alone', async (args, message) => {
    const { code, output, errors } = await run('evaluate', args)
    expect(code).toBe(1)
    expect(output).toBe('')
    expect(errors).toContain(message)
    expect(errors).not.toContain('    at ')
  })

  test('refuses an address that is none with a message alone', async () => {
    const { code, errors } = await run('evaluate', [], { OPENAI_API_KEY: 'secret', OPENAI_BASE_URL: 'provider' })
    expect([code, errors]).toEqual([1, 'OPENAI_BASE_URL is no URL: `provider`\n'])
  })

  test('explains itself', async () => {
    const { code, output } = await run('evaluate', ['--help'])
    expect(code).toBe(0)
    expect(output).toContain('--requests-per-minute N')
    expectNarrow(output)
  })

  const recording = process.env.GSM8K_SOLUTIONS ?? '../shared/data/gsm8k/solutions.jsonl'
  const found = existsSync(`${root}${recording}`) || existsSync(recording)
  if (!found) console.log(`Skipped: the recorded answers to GSM8K, because there is no ${recording}`)

  test.skipIf(!found)('finds the known accuracies of four recorded models', async () => {
    const { code, output } = await run('evaluate', ['--dataset', recording, '--recorded'])
    expect(code).toBe(0)
    expect(output).toContain('1,319 questions')
    const known = { '6b_finetuning': 286, '6b_verification': 515, '175b_finetuning': 458, '175b_verification': 742 }
    for (const [model, correct] of Object.entries(known)) {
      const [right, wrong, errors, , agreement] = row(output, model)
      expect([right, wrong, errors]).toEqual([`${correct}`, (1319 - correct).toLocaleString('en-US'), '0'])
      expect(agreement).toBe('1,319/1,319')
    }
    expect(row(output, 'questions put to the model').slice(0, 2)).toEqual(['5,276', '0'])
    expect(row(output, 'correct answers').slice(0, 2)).toEqual(['2,001', '2,001'])
    expectNarrow(output)
  })
})
