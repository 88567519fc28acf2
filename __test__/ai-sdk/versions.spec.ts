// A project that has one version of the AI SDK: what it compiles, and which interface it is given.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../helpers/folders.ts'
import { sdks } from './sdks.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

const PROGRAM = `
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { EmbeddingCache, ParallelExecutor, ResponseCache } from '@aah/ai-evals-performance'
import {
  type CacheMiddlewareOptions, cacheMiddleware, cacheOptions, embeddingMiddleware, executorOptions,
} from '@aah/ai-evals-performance/ai-sdk'
import {
  type EmbeddingModelMiddleware, embedMany, generateText, type LanguageModelMiddleware, streamText,
  wrapEmbeddingModel, wrapLanguageModel,
} from 'ai'

const provider = createOpenAICompatible({ name: 'local', baseURL: 'http://127.0.0.1:9' })
const options: CacheMiddlewareOptions = {
  cache: new ResponseCache(),
  cost: ({ usage }) => (usage.outputTokens.total ?? 0) * 1e-6,
  shouldStore: ({ finishReason, content, parts }) =>
    finishReason.unified === 'stop' && content?.[0]?.type !== 'source' && parts?.at(-1)?.type !== 'error',
}
export const middleware: LanguageModelMiddleware = cacheMiddleware(options)
export const embedding: EmbeddingModelMiddleware = embeddingMiddleware({
  cache: new EmbeddingCache(),
  cost: ({ usage }) => usage?.tokens,
})
export const model = wrapLanguageModel({ model: provider('m'), middleware: [middleware] })
export const vectors = wrapEmbeddingModel({ model: provider.embeddingModel('e'), middleware: embedding })
const { call, executor } = executorOptions({ attempts: 2 })
new ParallelExecutor({ ...executor, concurrency: 2 })

export async function ask() {
  const providerOptions = { ...cacheOptions({ sample: 1, ttl: Infinity }), local: { effort: 'low' } }
  const { text } = await generateText({ ...call, model, prompt: 'a', providerOptions })
  const { textStream } = streamText({ model, prompt: text, providerOptions })
  await embedMany({ model: vectors, values: ['a'], providerOptions: cacheOptions({ skip: true }) })
  return textStream
}
// @ts-expect-error A sample is a number.
cacheOptions({ sample: '1' })
// @ts-expect-error A cache of embeddings is none of responses.
cacheMiddleware({ cache: new EmbeddingCache() })
`

/** A project with this package, copied so that it finds the peer that stands beside it. */
function projectWith(ai: string, provider: string): string {
  const folder = temporaryFolder()
  const link = (from: string, to: string) => {
    const path = join(folder, 'node_modules', to)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(join(root, 'node_modules', from), path, 'junction')
  }
  link(ai, 'ai')
  link(provider, '@ai-sdk/openai-compatible')
  link('@types', '@types')
  const copy = join(folder, 'node_modules/@aah/ai-evals-performance')
  const files = readdirSync(root).filter((name) => /^(index|binding)\.|^package\.json$|\.node$/.test(name))
  for (const name of [...files, 'dist', 'types']) cpSync(join(root, name), join(copy, name), { recursive: true })
  writeFileSync(join(folder, 'program.mts'), PROGRAM)
  return folder
}

function errorsIn(file: string): string[] {
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
  })
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

describe.each(sdks)('a project with AI SDK $version', ({ version, specification }) => {
  const suffix = version === 6 ? ['', ''] : ['-7', '-3']
  const packages = [`ai${suffix[0]}`, `@ai-sdk/openai-compatible${suffix[1]}`] as const

  test('compiles with its types, and is given its interface', () => {
    const folder = projectWith(...packages)
    expect(errorsIn(join(folder, 'program.mts'))).toEqual([])
    const show = `const { cacheMiddleware, embeddingMiddleware } = require('@aah/ai-evals-performance/ai-sdk')
      console.log(cacheMiddleware().specificationVersion, embeddingMiddleware().specificationVersion)`
    const printed = execFileSync(process.execPath, ['-e', show], { cwd: folder, encoding: 'utf8' })
    expect(printed).toBe(`${specification} ${specification}\n`)
  }, 120_000)
})
