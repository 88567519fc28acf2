import { basename } from 'node:path'
import type { DetailedCacheStats } from '@aah/ai-evals-performance'
import { count, duration, percent, table, wrap } from '../format.ts'
import type { Options } from './options.ts'
import type { RunSummary, Score } from './run.ts'

/** What is being evaluated, under a heading. */
export function introduction(options: Options, provider: string, questions: number): string {
  const { requestsPerMinute, tokensPerMinute, concurrency } = options
  return [
    `## Evaluation on ${basename(options.dataset)}`,
    '',
    `${count(questions)} questions; answers from ${provider}.`,
    `At most ${concurrency} at once, ${count(requestsPerMinute)} requests and ${count(tokensPerMinute)} tokens a minute.`,
  ].join('\n')
}

/** How good the answers are, how long each component took, and which of them hold the run up. */
export function runReport(title: string, summary: RunSummary): string {
  return [`### ${title}`, accuracy(summary.scores), components(summary), bottlenecks(summary)]
    .filter((part) => part !== '')
    .join('\n\n')
}

function accuracy(scores: Score[]): string {
  const judged = scores.some(({ agreement }) => agreement.judged > 0)
  const header = ['model', 'correct', 'wrong', 'errors', 'accuracy', judged ? 'agreement' : '95 % interval']
  const rows = scores.map(({ model, correct, wrong, failures, agreement }) => {
    const scored = correct + wrong
    const last = judged ? `${count(agreement.same)}/${count(agreement.judged)}` : interval(correct, scored)
    return [model, ...[correct, wrong, failures.length].map(count), scored > 0 ? percent(correct / scored) : '–', last]
  })
  const notes = scores.flatMap(remarks)
  if (judged) notes.unshift('Agreement: how many answers are judged like `is_correct` in the file.')
  const list = notes.map((note) => wrap(`- ${note}`)).join('\n')
  return list === '' ? table(header, rows) : `${table(header, rows)}\n\n${list}`
}

/** What the numbers in the table do not say. */
function remarks({ model, unreadable, failures }: Score): string[] {
  const notes = unreadable === 0 ? [] : [`${model}: ${unreadable} of the wrong answers hold no number.`]
  const idsByMessage = new Map<string, string[]>()
  for (const { id, message } of failures) idsByMessage.set(message, [...(idsByMessage.get(message) ?? []), id])
  for (const [message, ids] of idsByMessage) {
    const others = ids.length > 3 ? ` and ${ids.length - 3} more` : ''
    notes.push(`${model}: no answer to ${ids.slice(0, 3).join(', ')}${others}: ${message.replace(/\s+/g, ' ')}`)
  }
  return notes
}

function components({ timings }: RunSummary): string {
  const rows = timings.components.map((timing) => [
    timing.component,
    count(timing.totalCalls),
    ...[timing.totalDuration, timing.avgDuration, timing.p50Duration, timing.p95Duration, timing.maxDuration].map(
      duration,
    ),
  ])
  return table(['component', 'calls', 'total', 'mean', 'p50', 'p95', 'max'], rows)
}

function bottlenecks({ timings }: RunSummary): string {
  return timings.bottlenecks
    .map(({ component, severity, percentOfTotal, recommendation }) =>
      wrap(`- **${component}** (${severity}): ${percentOfTotal.toFixed(1)} % of the measured time. ${recommendation}`),
    )
    .join('\n')
}

interface Figure {
  name: string
  of: (summary: RunSummary) => number
  format: (value: number) => string
}

const FIGURES: Figure[] = [
  { name: 'wall time', of: (summary) => summary.wallTime, format: duration },
  { name: 'rows per second', of: (summary) => summary.rows / (summary.wallTime / 1000), format: count },
  { name: 'cache hit rate', of: (summary) => summary.cached / summary.rows, format: percent },
  { name: 'questions put to the model', of: (summary) => summary.asked, format: count },
  { name: 'asked again after a failure', of: (summary) => summary.askedAgain, format: count },
]
const NETWORK_FIGURES: Figure[] = [
  { name: 'requests sent', of: (summary) => summary.requests, format: count },
  { name: 'answers with status 429', of: (summary) => summary.rateLimited, format: count },
  { name: 'tokens used', of: (summary) => summary.tokens, format: count },
]
const LAST_FIGURES: Figure[] = [
  { name: 'held back by the limits', of: (summary) => summary.throttleTime, format: duration },
  { name: 'correct answers', of: ({ scores }) => scores.reduce((sum, { correct }) => sum + correct, 0), format: count },
]

/** The two runs side by side. */
export function comparison(cold: RunSummary, warm: RunSummary): string {
  const network = cold.requests > 0 || warm.requests > 0
  const rows = [...FIGURES, ...(network ? NETWORK_FIGURES : []), ...LAST_FIGURES].map(({ name, of, format }) => {
    const [before, after] = [of(cold), of(warm)]
    const [large, small] = [Math.max(before, after), Math.min(before, after)]
    const ratio = small > 0 && large !== small ? `${before > after ? '1/' : ''}${count(large / small)}` : ''
    return [name, format(before), format(after), ratio]
  })
  return `### Cold and warm\n\n${table(['', 'cold', 'warm', 'warm/cold'], rows)}`
}

/** What a run did, and what it and all runs with the same store were spared. */
export function storeReport(run: RunSummary, stats: DetailedCacheStats): string {
  const rows = [...FIGURES, ...NETWORK_FIGURES, ...LAST_FIGURES].map(({ name, of, format }) => [name, format(of(run))])
  return ['### This run', table(['', ''], rows), '### Saved by the store', savings(stats)].join('\n\n')
}

function savings({ hits, savings, lifetime, storedEntries, storedBytes }: DetailedCacheStats): string {
  const all = lifetime ?? { ...savings, hits }
  const rows = [
    ['saved requests', count(hits + savings.coalesced), count(all.hits + all.coalesced)],
    ['saved tokens', count(savings.tokens), count(all.tokens)],
    ['saved time of the model', duration(savings.time), duration(all.time)],
  ]
  const saved = table(['', 'by this run', 'since the store was made'], rows)
  return `${saved}\n\nThe store holds ${count(storedEntries)} answers in ${count(storedBytes / 1024)} KiB.`
}

/** Where the true accuracy lies with 95 % confidence: Wilson's score interval (1927), without correction. */
function interval(correct: number, scored: number): string {
  if (scored === 0) return '–'
  const z = 1.959964
  const centre = correct + z ** 2 / 2
  const margin = z * Math.sqrt((correct * (scored - correct)) / scored + z ** 2 / 4)
  const [low, high] = [(centre - margin) / (scored + z ** 2), (centre + margin) / (scored + z ** 2)]
  return `${(low * 100).toFixed(1)}–${percent(high)}`
}
