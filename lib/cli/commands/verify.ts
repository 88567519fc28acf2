import { formatBytes } from '../../format.ts'
import { verify as verifyStore } from '../../store/tools.ts'
import { entries, print, printJson } from '../output.ts'
import { withProgress } from '../progress.ts'
import { type CommonOptions, changeStore, lookAtStore } from '../store.ts'

/** `verify` */
export async function verify(options: CommonOptions & { removeDamaged?: boolean }): Promise<void> {
  const { removeDamaged, json } = options
  const use = removeDamaged ? changeStore : lookAtStore
  await use(options, async (store, folder) => {
    const report = await withProgress('Verifying', (progress) => verifyStore(store, removeDamaged, progress))
    if (!report.ok) process.exitCode = 1
    if (json) return printJson({ store: folder, ...report })
    print(`Whole: ${entries(report.entries)} of ${formatBytes(report.bytes)}.`)
    if (report.unknown > 0) print(`Whole, but of another version of this package: ${entries(report.unknown)}.`)
    if (report.damaged > 0) {
      print(`Damaged: ${entries(report.damaged)}, ${removeDamaged ? 'removed' : 'removed by --remove-damaged'}.`)
    }
    for (const problem of report.problems) print(`The file itself is damaged: ${problem}`)
  })
}
