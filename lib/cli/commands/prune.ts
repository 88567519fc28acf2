import { formatBytes } from '../../format.ts'
import { prune as pruneEntries } from '../../store/tools.ts'
import type { Bytes, Milliseconds } from '../../units.ts'
import { Failure } from '../failure.ts'
import { entries, print, printJson } from '../output.ts'
import { withProgress } from '../progress.ts'
import { type CommonOptions, changeStore, lookAtStore } from '../store.ts'

interface Options extends CommonOptions {
  expired?: boolean
  olderThan?: Milliseconds
  unusedFor?: Milliseconds
  maxBytes?: Bytes
  namespace?: string
  dryRun?: boolean
}

/** `prune` */
export async function prune(options: Options): Promise<void> {
  const { expired, olderThan, unusedFor, maxBytes, namespace, dryRun } = options
  if (expired === undefined && olderThan === undefined && unusedFor === undefined && maxBytes === undefined) {
    throw new Failure('Say what to remove: --expired, --older-than, --unused-for or --max-bytes.', 2)
  }
  const now = Date.now()
  const selection = {
    namespace,
    expired,
    createdBefore: olderThan === undefined ? undefined : now - olderThan,
    usedBefore: unusedFor === undefined ? undefined : now - unusedFor,
    maxBytes,
    dryRun,
  }
  const use = dryRun ? lookAtStore : changeStore
  await use(options, async (store, folder) => {
    const report = await withProgress('Pruning', (progress) => pruneEntries(store, selection, progress))
    if (options.json) return printJson({ store: folder, dryRun: dryRun === true, ...report })
    const { removed, bytes, entries: left, bytesLeft } = report
    const verb = dryRun ? 'Would remove' : 'Removed'
    print(`${verb} ${entries(removed)} of ${formatBytes(bytes)}.`)
    print(`${dryRun ? 'Would leave' : 'Left'} ${entries(left)} of ${formatBytes(bytesLeft)}.`)
  })
}
