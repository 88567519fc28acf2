import { formatBytes, formatCount, formatTime } from '../../format.ts'
import { type ListedEntry, list as listEntries } from '../../store/tools.ts'
import { type Column, note, printJson, printTable } from '../output.ts'
import { type CommonOptions, lookAtStore } from '../store.ts'

const HEADER: Column[] = [
  { title: 'NAMESPACE', shrinksTo: 9 },
  { title: 'REQUEST', shrinksTo: 20 },
  { title: 'CREATED' },
  { title: 'EXPIRES' },
  { title: 'USED', mayGo: true },
  { title: 'BYTES', align: 'right' },
  { title: 'TOKENS', align: 'right', mayGo: true },
]

/** `ls` */
export async function list(options: CommonOptions & { namespace?: string; limit: number }): Promise<void> {
  const { limit, namespace, json } = options
  await lookAtStore(options, async (store, folder) => {
    const listing = await listEntries(store, limit, namespace)
    if (json) return printJson({ store: folder, ...listing })
    const { entries, total } = listing
    if (total === 0) return note(namespace === undefined ? 'The store is empty.' : `No entry in \`${namespace}\`.`)
    printTable(HEADER, entries.map(row))
    if (total > entries.length) {
      note(`${formatCount(total - entries.length)} more: --limit ${total} lists all.`)
    }
  })
}

function row({ namespace, request, created, expires, used, bytes, tokens }: ListedEntry): string[] {
  return [
    namespace,
    describe(request),
    formatTime(created),
    expires === null ? 'never' : expires <= Date.now() ? 'expired' : formatTime(expires),
    formatTime(used),
    formatBytes(bytes),
    tokens === 0 ? '' : formatCount(tokens),
  ]
}

/** The fields of a request; what most of them begin with says nothing. */
function describe(request: ListedEntry['request']): string {
  return request.map(([path, value]) => `${path.replace(/^modelConfig\./, '')}=${value}`).join(' ')
}
