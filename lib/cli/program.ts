// Arguments and help. What each command does is in commands/.

import { Command, type Command as Parent } from 'commander'
import { version } from '../native.ts'
import { clear } from './commands/clear.ts'
import { explain } from './commands/explain.ts'
import { exportStore } from './commands/export.ts'
import { importFiles } from './commands/import.ts'
import { list } from './commands/list.ts'
import { prune } from './commands/prune.ts'
import { stats } from './commands/stats.ts'
import { verify } from './commands/verify.ts'
import { parseBytes, parseCount, parseDuration } from './quantities.ts'

const WHICH_STORE = `
Which store: --store FOLDER, else the environment variable AI_EVALS_STORE, else .ai-evals-cache in the current folder.
Exit codes: 0 fine, 1 something is wrong (damage found, no such store), 2 wrong usage.`

export function makeProgram(): Command {
  const program = new Command('ai-evals-perf')
    .description('The performance layer of AI evaluations, from the command line.')
    .version(version())
    .exitOverride()
  const cache = program
    .command('cache')
    .description('Look at, check and carry the store that caches keep on disk.')
    .addHelpText('after', WHICH_STORE)
  addLooking(cache)
  addRemoving(cache)
  addCarrying(cache)
  return program
}

function addLooking(cache: Parent): void {
  add(cache, 'ls', 'List entries, newest first.')
    .option('-n, --namespace <name>', 'only those of one namespace')
    .option('--limit <count>', 'at most so many', parseCount, 50)
    .action(list)
  add(cache, 'stats', 'Show what the store holds and what it has saved since it was made.').action(stats)
  add(cache, 'explain', 'Say whether a request is stored, and if not, which stored one is nearest and what differs.')
    .argument('<request>', 'the request as JSON, or - to read it from standard input')
    .option('-n, --namespace <name>', 'the namespace of the cache; default: the one of that kind of request')
    .addHelpText('after', EXPLAIN_EXAMPLES)
    .action(explain)
}

const EXPLAIN_EXAMPLES = `
Requests:
  ResponseCache   '{"input": "What is it?", "modelConfig": {"model": "gpt-4"}}'
  QueryCache      '{"query": "student-metrics", "params": {"studentId": "123"}}'
  EmbeddingCache  '{"text": "What is it?", "model": "text-embedding-3-small", "dimensions": 1536}'
  LRUCache        '{"key": "anything"}'
Add "sample": 1 for the second answer to the same request, 2 for the third.`

function addRemoving(cache: Parent): void {
  add(
    cache,
    'prune',
    'Remove entries that are old, unused or expired, or as many of the longest unused as are too many.',
  )
    .option('--expired', 'those whose time to live has passed')
    .option('--older-than <duration>', 'those created longer ago than this, such as 30d, 12h or 90min', parseDuration)
    .option('--unused-for <duration>', 'those not used for so long; use is noted to within ten minutes', parseDuration)
    .option(
      '--max-bytes <size>',
      'then the longest unused until the rest takes at most this, such as 500MB',
      parseBytes,
    )
    .option('-n, --namespace <name>', 'only those of one namespace')
    .option('--dry-run', 'only say what would be removed')
    .action(prune)
  add(cache, 'clear', 'Remove all entries.')
    .option('-n, --namespace <name>', 'only those of one namespace')
    .option('-y, --yes', 'do not ask')
    .action(clear)
}

function addCarrying(cache: Parent): void {
  add(cache, 'verify', 'Read everything and compare it with its checksums; exit code 1 if something is damaged.')
    .option('--remove-damaged', 'remove entries that are damaged')
    .action(verify)
  add(cache, 'export', 'Write all entries that have not expired to a file: the same entries give the same bytes.')
    .argument('<file>', 'written anew if it is there')
    .option('-n, --namespace <name>', 'only those of one namespace')
    .action(exportStore)
  add(cache, 'import', 'Add the entries of exported files; of two for the same request, the newer one is kept.')
    .argument('<files...>', 'files that were written by export')
    .action(importFiles)
}

/** A command with the options that all have. */
function add(cache: Parent, name: string, description: string): Command {
  return cache
    .command(name)
    .description(description)
    .option('-s, --store <folder>', "the store's folder")
    .option('--json', 'print one JSON document, with numbers as they are')
}
