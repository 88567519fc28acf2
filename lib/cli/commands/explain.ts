import { readFileSync } from 'node:fs'
import { describeMiss, readExplanation } from '../../cache/explanation.ts'
import { formatTime } from '../../format.ts'
import { encodeKey } from '../../key/encode.ts'
import { collectPreviews } from '../../key/previews.ts'
import { storeExplain, storeNamespace } from '../../native.ts'
import { summary } from '../../store/tools.ts'
import { Failure } from '../failure.ts'
import { print, printJson } from '../output.ts'
import { type CommonOptions, lookAtStore } from '../store.ts'

/** What a request of each cache is made of: a property that only it has, then the others. */
const KINDS = [
  { namespace: 'responses', properties: ['input', 'modelConfig'], optional: [] },
  { namespace: 'queries', properties: ['query'], optional: ['params'] },
  { namespace: 'embeddings', properties: ['text'], optional: ['model', 'dimensions'] },
  { namespace: 'lru', properties: ['key'], optional: [] },
]

/** `explain` */
export async function explain(argument: string, options: CommonOptions & { namespace?: string }): Promise<void> {
  const request = parse(argument === '-' ? new TextDecoder().decode(readFileSync(0)) : argument)
  const namespace = options.namespace ?? kindOf(request).namespace
  await lookAtStore(options, async (store, folder) => {
    // Looked at first, because it fails where the store cannot be read, which for a look-up is a miss.
    await summary(store)
    const { result: key, previews } = collectPreviews(() => encodeKey(request, 'request'))
    const json = storeExplain(storeNamespace(store, namespace), key, previews, Date.now())
    const explanation = readExplanation(json, 'store')
    if (options.json) return printJson({ store: folder, namespace, ...explanation })
    const { outcome, created } = explanation
    const where = `\`${namespace}\` of ${folder}`
    if (outcome === 'hit' && created) print(`Stored at ${formatTime(created.getTime())} in ${where}.`)
    else print(describeMiss(explanation, 'answer', where))
  })
}

function parse(text: string): Record<string, unknown> {
  let request: unknown
  try {
    request = JSON.parse(text)
  } catch (error) {
    throw new Failure(`The request is no JSON: ${(error as Error).message}`, 2)
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw new Failure('The request is no JSON object: see `ai-evals-perf cache explain --help`.', 2)
  }
  // The first answer is the one that keys do not number.
  const { sample, ...rest } = request as Record<string, unknown>
  if (sample !== undefined && !(Number.isSafeInteger(sample) && (sample as number) >= 0)) {
    throw new Failure('`sample` in the request is no integer ≥ 0.', 2)
  }
  return sample ? { ...rest, sample } : rest
}

function kindOf(request: Record<string, unknown>): (typeof KINDS)[number] {
  const kind = KINDS.find(({ properties }) => Object.hasOwn(request, properties[0] as string))
  if (kind === undefined) {
    throw new Failure('The request has neither `input`, `query`, `text` nor `key`: whose request is it?', 2)
  }
  const missing = kind.properties.find((name) => !Object.hasOwn(request, name))
  if (missing !== undefined) throw new Failure(`The request has no \`${missing}\`.`, 2)
  const known = [...kind.properties, ...kind.optional, 'sample']
  const unknown = Object.keys(request).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Failure(`The request has a \`${unknown}\`: expected ${known.join(', ')}.`, 2)
  return kind
}
