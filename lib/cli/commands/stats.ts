import { formatBytes, formatCount, formatDuration } from '../../format.ts'
import { type NamespaceSummary, type Summary, summary } from '../../store/tools.ts'
import { type Column, entries, print, printFacts, printJson, printTable } from '../output.ts'
import { type CommonOptions, lookAtStore } from '../store.ts'

const HEADER: Column[] = [
  { title: 'NAMESPACE', shrinksTo: 9 },
  { title: 'ENTRIES', align: 'right' },
  { title: 'BYTES', align: 'right' },
  { title: 'HITS', align: 'right' },
  { title: 'COALESCED', align: 'right', mayGo: true },
  { title: 'TIME SAVED', align: 'right' },
  { title: 'TOKENS SAVED', align: 'right' },
  { title: 'COST SAVED', align: 'right' },
  { title: 'NOT STORABLE', align: 'right', mayGo: true },
]

/** `stats` */
export async function stats(options: CommonOptions): Promise<void> {
  await lookAtStore(options, async (store, folder) => {
    const found = await summary(store)
    const saved = savings(found.namespaces)
    if (options.json) return printJson({ store: folder, ...found, saved })
    printFacts(facts(folder, found, saved))
    if (found.namespaces.length === 0) return
    print('')
    printTable(HEADER, found.namespaces.map(row))
  })
}

type Savings = Pick<NamespaceSummary, 'hits' | 'coalesced' | 'time' | 'tokens' | 'cost'>

function savings(namespaces: NamespaceSummary[]): Savings {
  const sum = (name: keyof Savings) => namespaces.reduce((total, namespace) => total + namespace[name], 0)
  return { hits: sum('hits'), coalesced: sum('coalesced'), time: sum('time'), tokens: sum('tokens'), cost: sum('cost') }
}

function facts(folder: string, found: Summary, saved: Savings): [string, string][] {
  const bound = found.maxBytes === null ? '' : `, at most ${formatBytes(found.maxBytes)}`
  const expired = found.expired > 0 ? `, ${formatCount(found.expired)} of them expired` : ''
  const facts: [string, string][] = [
    ['Store', folder],
    ['Entries', `${formatCount(found.entries)}${expired}`],
    ['Bytes', `${formatBytes(found.bytes)} in entries, ${formatBytes(found.fileBytes)} on disk${bound}`],
    ['Saved', describe(saved)],
  ]
  if (found.damaged > 0) facts.push(['Damaged', `${entries(found.damaged)}, removed when met`])
  for (const name of found.setAside) facts.push(['Set aside', `${name}, which was damaged`])
  return facts
}

function describe({ hits, coalesced, time, tokens, cost }: Savings): string {
  const parts = [`${formatCount(hits)} hits`, `${formatCount(coalesced)} coalesced`]
  return [
    ...parts,
    time === 0 ? '0 s' : formatDuration(time),
    `${formatCount(tokens)} tokens`,
    `cost ${formatCount(cost)}`,
  ].join(', ')
}

function row(namespace: NamespaceSummary): string[] {
  return [
    namespace.namespace,
    formatCount(namespace.entries),
    formatBytes(namespace.bytes),
    formatCount(namespace.hits),
    formatCount(namespace.coalesced),
    namespace.time === 0 ? '0' : formatDuration(namespace.time),
    formatCount(namespace.tokens),
    formatCount(namespace.cost),
    formatCount(namespace.notStorable),
  ]
}
