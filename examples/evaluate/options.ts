import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { UsageError } from './usage-error.ts'

export const CLIENTS = ['openai', 'ai-sdk'] as const
export type Client = (typeof CLIENTS)[number]

export interface Options {
  dataset: string
  recorded: boolean
  limit: number
  model: string | undefined
  /** Whose client asks the model. */
  client: Client
  requestsPerMinute: number
  tokensPerMinute: number
  concurrency: number
  /** The folder that keeps the answers for later runs. */
  store: string | undefined
  help: boolean
}

export const HELP = `Usage: npx tsx examples/evaluate.ts [options]

Asks a model every question of a dataset, scores its answers, and reports; then
does it again with the answers cached. With --store it does so once: the answers
are on disk, and the next run asks only what no run has asked before.

  --dataset FILE             JSONL with \`question\` and \`answer\` on each line
                             (default: arithmetic questions of our own)
  --recorded                 replay the answers recorded in the dataset instead
                             of asking a model
  --limit N                  only the first N questions
  --model NAME               default: local-small, or gpt-4o-mini with a key;
                             with --recorded: every model in the file
  --client openai|ai-sdk     ask through OpenAI's client or through the AI SDK;
                             what one has asked is known to the other
                             (default: openai)
  --requests-per-minute N    default: 500; with --recorded: 10,000,000
  --tokens-per-minute N      default: 200,000; with --recorded: 10,000,000,000
  --concurrency N            requests under way at once (default: 10)
  --store FOLDER             keep the answers in this folder, for all runs
  --help                     this text

Without OPENAI_API_KEY, a model server is started on this machine. With it, the
questions go to OpenAI, or to the provider at OPENAI_BASE_URL.

With --store and AI_EVALS_CACHE=replay nobody is asked: a question whose answer
is not in the store ends the run. AI_EVALS_CACHE=refresh asks all of them anew.`

const FLAGS = {
  dataset: { type: 'string' },
  recorded: { type: 'boolean', default: false },
  limit: { type: 'string' },
  model: { type: 'string' },
  client: { type: 'string', default: 'openai' },
  'requests-per-minute': { type: 'string' },
  'tokens-per-minute': { type: 'string' },
  concurrency: { type: 'string' },
  store: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** Reads the command line; throws a `UsageError` for a flag that does not exist or a value that makes no sense. */
export function parseOptions(args: string[]): Options {
  const flags = readFlags(args)
  const number = (name: 'limit' | 'requests-per-minute' | 'tokens-per-minute' | 'concurrency', fallback: number) => {
    const text = flags[name]
    if (text === undefined) return fallback
    const value = /^\d[\d_,]*$/.test(text) ? Number(text.replace(/[_,]/g, '')) : 0
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new UsageError(`Expected --${name} to be an integer ≥ 1, got \`${text}\``)
    }
    return value
  }
  return {
    dataset: flags.dataset ?? join(__dirname, '../datasets/arithmetic.jsonl'),
    recorded: flags.recorded,
    limit: number('limit', Number.POSITIVE_INFINITY),
    model: flags.model,
    client: client(flags.client),
    requestsPerMinute: number('requests-per-minute', flags.recorded ? 1e7 : 500),
    tokensPerMinute: number('tokens-per-minute', flags.recorded ? 1e10 : 200_000),
    concurrency: number('concurrency', 10),
    store: folder(flags.store),
    help: flags.help,
  }
}

function client(name: string): Client {
  const known = CLIENTS.find((client) => client === name)
  if (known === undefined) throw new UsageError(`Expected --client to be one of ${CLIENTS.join(', ')}, got \`${name}\``)
  return known
}

function folder(name: string | undefined): string | undefined {
  if (name === '') throw new UsageError('Expected --store to name a folder')
  return name
}

function readFlags(args: string[]) {
  try {
    return parseArgs({ args, options: FLAGS }).values
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nTry --help.`)
  }
}
