// What the snippets of the documentation use without declaring it: the reader's own models, runners, scorers and data.
// Each stands in for a network or a database, and is as small as its use in a snippet allows.

import {
  Benchmark,
  type ExecutionTask,
  ParallelExecutor,
  performanceMonitor,
  type RunResult,
  type TestCase,
} from '@aah/ai-evals-performance'
import type { EmbeddingModelV3, LanguageModelV3 } from '@ai-sdk/provider'

export const text: string = 'What is NCAA eligibility?'
export const expected: string = 'A student must complete 16 core courses.'
export const actual: string = 'A student must complete sixteen core courses.'

export async function generateResponse(input: string, modelConfig: { model: string }): Promise<{ text: string }> {
  return { text: `${modelConfig.model} on ${input}` }
}

export async function generateEmbedding(source: string): Promise<number[]> {
  return Array.from(source, (character) => character.charCodeAt(0) / 0x7f)
}

export const prisma = {
  studentProfile: {
    async findUnique({ where }: { where: { studentId: string }; include?: Record<string, boolean> }) {
      return { ...where, performanceMetrics: [{ gpa: 3.4 }] }
    },
  },
}

const testCases: TestCase<string, string>[] = Array.from({ length: 1_234 }, (_, index) => ({
  id: `case-${index}`,
  input: `What is ${index} + 1?`,
  expected: String(index + 1),
}))
export const testCase = { id: 'case', input: 'What is 1 + 1?', expected: '2' }
export const largeDataset = { testCases }
export const dataset = largeDataset

export async function loadDataset(_name: string) {
  return largeDataset
}

export const runner = {
  async run({ expected }: TestCase<any, any>) {
    return { actual: expected, metadata: { tokenUsage: { total: 12 } } }
  },
}

export const question: string = 'What is 1 + 1?'
export const ask = async (prompt: string) => `The answer to ${prompt}`
export const answers: string[] = [actual, expected]
export const judge = async (answer: string) => (answer === expected ? 1 : 0)
export const run = runner.run
export const tasks: ExecutionTask<string, string>[] = [{ id: 'task', testCase }]
export const results: RunResult[] = [{ actual }, { actual: expected }]
export const database = { insert: async (_rows: RunResult[]) => {} }

const exactMatch = { score: async (wanted: string, got: string) => (wanted === got ? 1 : 0) }
export const scorer = exactMatch
export const exactMatchScorer = exactMatch
export const faster = exactMatch
export const semanticScorer = exactMatch
export const llmJudgeScorer = exactMatch

export const executor = new ParallelExecutor()

const benchmark = new Benchmark()
export const result1 = benchmark.runSync(
  { name: 'scorer', iterations: 20, warmupIterations: 1 },
  () => expected === actual,
)
export const result2 = benchmark.runSync(
  { name: 'scorer', iterations: 20, warmupIterations: 1 },
  () => expected === text,
)

// The troubleshooting section starts where an earlier run ended: with a baseline, and measurements since.
performanceMonitor.measureSync('scorer', () => expected === actual)
performanceMonitor.setBaseline('baseline-v1')
performanceMonitor.measureSync('scorer', () => expected === text)

/** As in decimal.js, as far as a codec sees it. */
export class Decimal {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  static isDecimal(value: unknown): boolean {
    return value instanceof Decimal
  }

  toString(): string {
    return this.#text
  }
}

/** In place of `fetch`: answers as the servers of OpenAI and of Anthropic do. */
export const provider = async () =>
  Response.json({
    choices: [{ index: 0, message: { role: 'assistant', content: '5' }, finish_reason: 'stop' }],
    content: [{ type: 'text', text: '5' }],
    stop_reason: 'end_turn',
  })
/** Models as the AI SDK takes them. */
export const languageModel: LanguageModelV3 = {
  specificationVersion: 'v3',
  provider: 'fixture',
  modelId: 'small',
  supportedUrls: {},
  async doGenerate() {
    return {
      content: [{ type: 'text', text: '42' }],
      finishReason: { unified: 'stop', raw: 'stop' },
      usage: {
        inputTokens: { total: 10, noCache: 10, cacheRead: 0, cacheWrite: 0 },
        outputTokens: { total: 1, text: 1, reasoning: 0 },
      },
      warnings: [],
    }
  },
  doStream: () => Promise.reject(new Error('This model does not stream')),
}
export const embeddingModel: EmbeddingModelV3 = {
  specificationVersion: 'v3',
  provider: 'fixture',
  modelId: 'vectors',
  maxEmbeddingsPerCall: 100,
  supportsParallelCalls: true,
  doEmbed: async ({ values }) => ({
    embeddings: await Promise.all(values.map(generateEmbedding)),
    usage: { tokens: values.length },
    warnings: [],
  }),
}
