import { basename } from 'node:path'
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

/** The two runs side by side. */
export function comparison(cold: RunSummary, warm: RunSummary): string {
  const row = (name: string, figure: (summary: RunSummary) => number, format: (value: number) => string) => {
    const [before, after] = [figure(cold), figure(warm)]
    const [large, small] = [Math.max(before, after), Math.min(before, after)]
    const ratio = small > 0 && large !== small ? `${before > after ? '1/' : ''}${count(large / small)}` : ''
    return [name, format(before), format(after), ratio]
  }
  const network = cold.requests > 0 || warm.requests > 0
  const rows = [
    row('wall time', (summary) => summary.wallTime, duration),
    row('rows per second', (summary) => summary.rows / (summary.wallTime / 1000), count),
    row('cache hit rate', ({ cache }) => cache.hits / Math.max(1, cache.hits + cache.misses), percent),
    row('questions put to the model', ({ asked }) => asked, count),
    row('asked again after a failure', ({ askedAgain }) => askedAgain, count),
    ...(network
      ? [
          row('requests sent', ({ requests }) => requests, count),
          row('answers with status 429', ({ rateLimited }) => rateLimited, count),
          row('tokens used', ({ tokens }) => tokens, count),
        ]
      : []),
    row('held back by the limits', ({ throttleTime }) => throttleTime, duration),
    row('correct answers', ({ scores }) => scores.reduce((sum, { correct }) => sum + correct, 0), count),
  ]
  return `### Cold and warm\n\n${table(['', 'cold', 'warm', 'warm/cold'], rows)}`
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
