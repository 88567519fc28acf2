import { resolve } from 'node:path'
import { formatBytes } from '../../format.ts'
import { exportTo } from '../../store/tools.ts'
import { entries, note, print, printJson } from '../output.ts'
import { withProgress } from '../progress.ts'
import { type CommonOptions, lookAtStore } from '../store.ts'

/** `export` */
export async function exportStore(path: string, options: CommonOptions & { namespace?: string }): Promise<void> {
  const file = resolve(path)
  await lookAtStore(options, async (store, folder) => {
    const report = await withProgress('Exporting', (progress) => exportTo(store, file, options.namespace, progress))
    if (options.json) return printJson({ store: folder, file, ...report })
    print(`Exported ${entries(report.entries)} to ${file}, ${formatBytes(report.bytes)}.`)
    if (report.damaged > 0) {
      note(`Left out, because damaged or of another version of this package: ${entries(report.damaged)}.`)
    }
  })
}
