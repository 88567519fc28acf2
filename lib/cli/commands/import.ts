import { resolve } from 'node:path'
import { formatCount } from '../../format.ts'
import { type ImportReport, importFrom } from '../../store/tools.ts'
import { entries, note, print, printJson } from '../output.ts'
import { withProgress } from '../progress.ts'
import { type CommonOptions, changeStore } from '../store.ts'

/** `import` */
export async function importFiles(paths: string[], options: CommonOptions): Promise<void> {
  const files: (ImportReport & { file: string })[] = []
  const work = async (store: Parameters<typeof importFrom>[0], folder: string) => {
    for (const path of paths) {
      const file = resolve(path)
      const report = await withProgress(`Importing ${path}`, (progress) => importFrom(store, file, progress))
      files.push({ file, ...report })
      if (report.problem !== null || report.damaged > 0) process.exitCode = 1
      if (!options.json) tell(path, report)
    }
    if (options.json) printJson({ store: folder, files })
  }
  await changeStore(options, work, { mayBeMissing: true })
}

function tell(file: string, { imported, kept, expired, tooLarge, damaged, problem }: ImportReport): void {
  const parts = [`${entries(imported)} imported`, `${formatCount(kept)} kept as they were`]
  if (expired > 0) parts.push(`${formatCount(expired)} expired`)
  if (tooLarge > 0) parts.push(`${formatCount(tooLarge)} too large for the bound of the store`)
  if (damaged > 0) parts.push(`${formatCount(damaged)} damaged`)
  print(`${file}: ${parts.join(', ')}.`)
  if (problem === null) return
  const rest = imported + kept > 0 ? '; what could be read of it was imported' : ''
  note(`${file}: ${problem}${rest}`)
}
