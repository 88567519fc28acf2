import { prune, summary } from '../../store/tools.ts'
import { confirm } from '../confirm.ts'
import { entries, note, print, printJson } from '../output.ts'
import { withProgress } from '../progress.ts'
import { type CommonOptions, changeStore } from '../store.ts'

interface Options extends CommonOptions {
  namespace?: string
  yes?: boolean
}

/** `clear` */
export async function clear(options: Options): Promise<void> {
  await changeStore(options, async (store, folder) => {
    const { namespaces } = await summary(store)
    const cleared = namespaces.filter(({ namespace }) => namespace === (options.namespace ?? namespace))
    const count = cleared.reduce((sum, { entries }) => sum + entries, 0)
    const which = options.namespace === undefined ? '' : ` of \`${options.namespace}\``
    if (!(await confirm(`Remove all ${entries(count)}${which} in ${folder}?`, options.yes))) {
      return note('Nothing was removed.')
    }
    const all = { namespace: options.namespace, maxBytes: 0 }
    const report = await withProgress('Clearing', (progress) => prune(store, all, progress))
    if (options.json) printJson({ store: folder, removed: report.removed })
    else print(`Removed ${entries(report.removed)}.`)
  })
}
